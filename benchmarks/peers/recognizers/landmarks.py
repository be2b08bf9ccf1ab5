"""The app itself, with the bundle that sees landmarks alone."""

from benchmarks.peers import app

NAME = "mien landmarks"
PYTHONS = app.PYTHONS
REQUIREMENTS = app.REQUIREMENTS
TRAINED_ON = app.TRAINED_ON
LABELS = app.LABELS


class Recognizer(app.App):
    """The app's pipeline."""

    def __init__(self) -> None:
        super().__init__("landmarks")
