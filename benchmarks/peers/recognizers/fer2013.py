"""The app itself, with the bundle that is best on FER2013."""

from benchmarks.peers import app

NAME = "mien fer2013"
PYTHONS = app.PYTHONS
REQUIREMENTS = app.REQUIREMENTS
TRAINED_ON = app.TRAINED_ON
LABELS = app.LABELS


class Recognizer(app.App):
    """The app's pipeline."""

    def __init__(self) -> None:
        super().__init__("fer2013")
