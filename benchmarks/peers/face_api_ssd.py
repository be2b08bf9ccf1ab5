"""face-api end to end: its expression network on the face that its own detector finds."""

from benchmarks import peer_face_api

NAME = f"face-api {peer_face_api.VERSION} (SSD)"
PYTHONS = ("3.11", "3.12", "3.13")
REQUIREMENTS = ("numpy==2.2.6",)
NPM = peer_face_api.NPM
TRAINED_ON = peer_face_api.TRAINED_ON
NOTE = "in Node, on WebAssembly"
LABELS = peer_face_api.LABELS


class Recognizer(peer_face_api.FaceApi):
    """With the default of face-api: SSD MobileNet V1, the most certain face."""

    def __init__(self) -> None:
        super().__init__(detect=True)
