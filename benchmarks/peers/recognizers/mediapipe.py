"""The official MediaPipe FaceMesh, and our head for landmarks on top of it."""

from benchmarks.peers import app

NAME = "MediaPipe 0.10.18 FaceMesh, head of mien landmarks"
PYTHONS = ("3.11", "3.12")
REQUIREMENTS = ("-r requirements-mediapipe.txt",)
TRAINED_ON = app.TRAINED_ON
LABELS = app.LABELS


class Recognizer(app.App):
    """The app's pipeline with the other landmark backend."""

    def __init__(self) -> None:
        super().__init__("landmarks", "mediapipe")
