"""face-api end to end: its expression network on the face that its own detector finds."""

from benchmarks.peers import face_api

NAME = f"face-api {face_api.VERSION} (SSD)"
PYTHONS = ("3.11", "3.12", "3.13")
REQUIREMENTS = ("numpy==2.2.6",)
NOTE = "in Node, on WebAssembly"


class Recognizer(face_api.FaceApi):
    """face-api with its default detector, SSD MobileNet V1; the most certain face counts."""

    def __init__(self) -> None:
        super().__init__(detect=True)
