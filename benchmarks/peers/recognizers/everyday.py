"""The app itself, with the bundle for a camera."""

from benchmarks.peers import face_api
from benchmarks.peers.app import App

NAME = "mien everyday"
TRAINED_ON = f"{App.TRAINED_ON}; taught by the network of face-api ({face_api.TRAINED_ON})"


class Recognizer(App):
    BUNDLE = "everyday"
