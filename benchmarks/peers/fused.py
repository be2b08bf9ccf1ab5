"""The app itself, with the bundle that also sees the landmark network's feature maps."""

from benchmarks.peer_app import TRAINED_ON as TRAINED_ON
from benchmarks.peer_app import App
from edge.core.labels import FER2013

NAME = "mien fused"
PYTHONS = ("3.11", "3.12", "3.13")
REQUIREMENTS = ("-r requirements-edge.txt",)
LABELS = {name: name for name in FER2013}


class Recognizer(App):
    """The app's pipeline."""

    def __init__(self) -> None:
        super().__init__("fused")
