"""The app itself, with the bundle that is best on FER2013."""

from benchmarks.peers.app import App

NAME = "mien fer2013"


class Recognizer(App):
    BUNDLE = "fer2013"
