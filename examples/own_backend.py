"""Search only the left half of the picture, say of a camera at a door: python own_backend.py SOURCE"""

import sys
from dataclasses import replace

import numpy as np

from edge.core.types import Face, Frame
from edge.landmarks.litert import LitertBackend
from edge.landmarks.models import find_models
from mien import Recognizer, Video


class LeftHalf:
    """A landmark backend is anything with ``detect`` and ``close``; this one wraps the built-in one."""

    def __init__(self) -> None:
        self._backend = LitertBackend(find_models(), max_faces=1)

    def detect(self, frame: Frame) -> list[Face]:
        """The faces of a frame, in its pixels: the left half begins at 0, so nothing is to be moved."""
        half = frame.rgb[:, : frame.rgb.shape[1] // 2]
        return self._backend.detect(replace(frame, rgb=np.ascontiguousarray(half)))

    def close(self) -> None:
        """Let go of the models."""
        self._backend.close()


# The bundle "landmarks" needs nothing of a backend but landmarks.
with Video(sys.argv[1]) as video, Recognizer("landmarks", backend=LeftHalf()) as recognizer:
    for frame in video:
        for face in recognizer(frame):
            print(face.label, [round(value) for value in face.box], flush=True)
