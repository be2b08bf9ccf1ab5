"""The app itself, with the bundle for a camera."""

from benchmarks.peers import app, face_api

NAME = "mien everyday"
PYTHONS = app.PYTHONS
REQUIREMENTS = app.REQUIREMENTS
TRAINED_ON = f"{app.TRAINED_ON}; taught by the network of face-api ({face_api.TRAINED_ON})"
LABELS = app.LABELS


class Recognizer(app.App):
    """The app's pipeline."""

    def __init__(self) -> None:
        super().__init__("everyday")
