"""Desktop: labelled pictures → landmarks folder (``extract``) → trained network and its report (``fit``)."""
