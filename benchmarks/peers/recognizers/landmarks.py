"""The app itself, with the bundle that sees landmarks alone."""

from benchmarks.peers.app import App

NAME = "mien landmarks"


class Recognizer(App):
    BUNDLE = "landmarks"
