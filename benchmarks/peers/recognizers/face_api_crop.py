"""face-api's expression network, handed the faces that we find: the square around our landmarks."""

import time

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import face_api
from benchmarks.peers.app import App
from edge.build import build_backend
from edge.core.types import Frame
from edge.settings import LandmarkSettings

NAME = f"face-api {face_api.VERSION} (our crop)"
PYTHONS = App.PYTHONS
REQUIREMENTS = App.REQUIREMENTS
NOTE = "in Node, on WebAssembly; our detector and landmarks find the face and track it"
_MARGIN = 1.15
"""Side of the square, in longer sides of the box around the landmarks."""
_SIDE = 112
"""Side of the picture that the network takes, px."""


class Recognizer(face_api.FaceApi):
    """Our landmarks, then the network of face-api; the first face counts."""

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        super().__init__(detect=False)
        self._backend = build_backend(LandmarkSettings())
        self._number = 0

    def answer(self, rgb: NDArray[np.uint8]) -> list[float] | None:
        """Probabilities for a single picture; None: no face found."""
        return self._answer(rgb, still=True)

    def track(self, rgb: NDArray[np.uint8]) -> list[float] | None:
        """Probabilities for the next frame of a camera; None: no face found."""
        return self._answer(rgb, still=False)

    def _answer(self, rgb: NDArray[np.uint8], still: bool) -> list[float] | None:
        self._number += 1
        faces = self._backend.detect(Frame(rgb, time.monotonic_ns(), self._number, "", still=still))
        return super().answer(square(rgb, faces[0].landmarks)) if faces else None


def square(rgb: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The upright square around a face, uint8 (112, 112, 3).

    Args:
        rgb: uint8 (H, W, 3). Its edges are repeated where the square reaches beyond them.
        landmarks: float32 (N, 2 or 3), px.
    """
    low, high = landmarks[:, :2].min(0), landmarks[:, :2].max(0)
    side = max(1, round(float((high - low).max()) * _MARGIN))
    columns, rows = (
        np.clip(round(float(middle - side / 2)) + np.arange(side), 0, length - 1)
        for middle, length in zip((low + high) / 2, rgb.shape[1::-1], strict=True)
    )
    how = cv2.INTER_AREA if side > _SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb[rows][:, columns], (_SIDE, _SIDE), interpolation=how), np.uint8)
