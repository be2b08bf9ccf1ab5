"""The official MediaPipe FaceMesh, and our head for landmarks on top of it."""

from benchmarks.peers.app import App

NAME = "MediaPipe 0.10.18 FaceMesh, head of mien landmarks"
PYTHONS = ("3.11", "3.12")
REQUIREMENTS = ("-r requirements-mediapipe.txt",)


class Recognizer(App):
    BUNDLE = "landmarks"
    BACKEND = "mediapipe"
