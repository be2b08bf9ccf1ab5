"""A camera on localhost that serves pictures over and over."""

import threading
from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.stream.camera import MjpegServer, part

__all__ = ["MjpegServer", "PictureServer", "part"]


class PictureServer(MjpegServer):
    """Serves these pictures, uint8 (H, W, 3) RGB, over and over, 50 a second."""

    stalled = False
    """Keep connections open and send no more pictures."""

    def __init__(self, *pictures: np.ndarray) -> None:
        super().__init__()
        encoded = (cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1] for rgb in pictures)
        self._parts = [part(each.tobytes()) for each in encoded]

    def play(self, write: Callable[[bytes], object], stopping: threading.Event) -> None:
        index = 0
        while not stopping.wait(0.02):
            if not self.stalled:
                write(self._parts[index % len(self._parts)])
                index += 1
