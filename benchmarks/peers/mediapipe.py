"""The official MediaPipe FaceMesh, and our head for landmarks on top of it."""

from benchmarks import peer_app

NAME = "MediaPipe 0.10.18 FaceMesh, head of mien landmarks"
PYTHONS = ("3.11", "3.12")
REQUIREMENTS = ("-r requirements-mediapipe.txt",)
TRAINED_ON = peer_app.TRAINED_ON
LABELS = peer_app.LABELS


class Recognizer(peer_app.App):
    """The app's pipeline with the other landmark backend."""

    def __init__(self) -> None:
        super().__init__("landmarks", "mediapipe")
