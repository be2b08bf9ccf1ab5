"""A camera on localhost that can be made to fail: an MJPEG stream of real pictures with faults."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np

from edge.build import build_source
from edge.settings import load_settings
from edge.sources import open_source
from tests.mjpeg import MjpegServer, part

HEALTHY, FROZEN, STALLED, BROKEN, EMPTY = "healthy", "frozen", "stalled", "broken", "empty"
"""What a stream can do: give pictures; one and the same; none, the connection kept; such as do not
decode; pictures without a face."""


def demo_clip() -> list[bytes]:
    """240 frames of the built-in demo as JPEG pictures: for those who have no clips.

    Raises:
        ModelError: the portraits are not there.
    """
    source = build_source(load_settings(None, {"source": "demo", "camera.fps": 240.0}), 240)
    return [_jpeg(frame.rgb) for frame in source]


def clip(path: Path) -> list[bytes]:
    """A video file as JPEG pictures.

    Raises:
        SourceError: it does not play.
    """
    return [_jpeg(frame.rgb) for frame in open_source(str(path))]


class Stream(MjpegServer):
    """Serves the clips, each connection the next one, over and over, until it is stopped."""

    def __init__(self, clips: Sequence[Sequence[bytes]], fps: float | None = None) -> None:
        """
        Args:
            clips: JPEG pictures.
            fps: pictures a second; None: as fast as they are taken.
        """
        super().__init__()
        self.mode = HEALTHY
        self._clips = clips
        noise = np.random.default_rng(0)  # as of a sensor
        self._empty = [_jpeg(noise.integers(60, 90, (480, 640, 3), np.uint8)) for _ in range(60)]
        self._interval_s = 0.0 if fps is None else 1 / fps
        self._connections = 0

    def play(self, write: Callable[[bytes], object], stopping: threading.Event) -> None:
        pictures = self._clips[self._connections % len(self._clips)]
        self._connections += 1
        index = 0
        while not stopping.wait(self._interval_s):
            if self.mode == STALLED:
                stopping.wait(0.05)
                continue
            if self.mode != FROZEN:
                index += 1
            shown = self._empty if self.mode == EMPTY else pictures
            jpeg = shown[index % len(shown)]
            if self.mode == BROKEN:
                jpeg = jpeg[:100] + bytes(len(jpeg) - 100)
            write(part(jpeg))


def serve(port: int) -> None:
    """The demo at 30 frames a second on this port, until the process is ended."""
    stream = Stream([demo_clip()], fps=30)
    stream.port = port
    stream.start()
    threading.Event().wait()


def _jpeg(rgb: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()
