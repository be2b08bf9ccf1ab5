"""Desktop: pictures → landmarks file (``extract``) → Keras MLP and its report (``fit``)."""
