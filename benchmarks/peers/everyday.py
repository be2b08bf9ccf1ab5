"""The app itself, with the bundle for a camera."""

from benchmarks import peer_app, peer_face_api

NAME = "mien everyday"
PYTHONS = peer_app.PYTHONS
REQUIREMENTS = peer_app.REQUIREMENTS
TRAINED_ON = f"{peer_app.TRAINED_ON}; taught by the network of face-api ({peer_face_api.TRAINED_ON})"
LABELS = peer_app.LABELS


class Recognizer(peer_app.App):
    """The app's pipeline."""

    def __init__(self) -> None:
        super().__init__("everyday")
