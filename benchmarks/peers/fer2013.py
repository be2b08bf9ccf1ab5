"""The app itself, with the bundle that is best on FER2013."""

from benchmarks import peer_app

NAME = "mien fer2013"
PYTHONS = peer_app.PYTHONS
REQUIREMENTS = peer_app.REQUIREMENTS
TRAINED_ON = peer_app.TRAINED_ON
LABELS = peer_app.LABELS


class Recognizer(peer_app.App):
    """The app's pipeline."""

    def __init__(self) -> None:
        super().__init__("fer2013")
