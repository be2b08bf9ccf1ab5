"""The official MediaPipe FaceMesh, and our head for landmarks on top of it."""

from benchmarks.peer_app import TRAINED_ON as TRAINED_ON
from benchmarks.peer_app import App
from edge.core.labels import FER2013

NAME = "MediaPipe 0.10.18 FaceMesh, head of mien landmarks"
PYTHONS = ("3.11", "3.12")
REQUIREMENTS = ("-r requirements-mediapipe.txt",)
LABELS = {name: name for name in FER2013}


class Recognizer(App):
    """The app's pipeline with the other landmark backend."""

    def __init__(self) -> None:
        super().__init__("landmarks", "mediapipe")
