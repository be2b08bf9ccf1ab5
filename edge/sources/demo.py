"""The demo, a source without a camera: a moving view over portrait photographs."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import SourceError
from edge.core.types import Frame, SourceStats
from edge.sources.orientation import UPRIGHT, Turn
from edge.sources.pictures import read_picture

WIDTH, HEIGHT = 640, 480
"""Size of the view, px."""

_FRAMES_PER_PORTRAIT = 240
_STEPS_PER_SECOND = 30.0  # the motion below is written in seconds of a 30 Hz camera


class _FaceBox(NamedTuple):
    """The face in a portrait, px: its centre, and its height from forehead to chin."""

    center_x: float
    center_y: float
    height: float


_FACES = {
    "astronaut.png": _FaceBox(225, 123, 104),
    "grace_hopper.jpg": _FaceBox(266, 232, 203),
}


class DemoSource:
    """640×480 frames in which a face pans, zooms (125–215 px high) and tilts; no frame is lost.

    Frame ``i`` depends on ``i`` alone, and is that of a 30 Hz video. The portraits take turns, 240 frames
    each. ``captured_ns`` is the moment when the frame was drawn.
    """

    def __init__(
        self,
        portraits: Sequence[Path],
        *,
        frames: int | None = None,
        fps: float | None = None,
        turn: Turn = UPRIGHT,
    ) -> None:
        """
        Args:
            portraits: files named ``astronaut.png`` or ``grace_hopper.jpg``.
            frames: number of frames; None: without end.
            fps: highest frame rate, Hz; None: as fast as frames are taken.
            turn: rotation and mirroring of each frame.

        Raises:
            SourceError: there is no portrait, an unknown one, or one that does not decode.
        """
        if not portraits:
            raise SourceError("the demo has no portraits: run 'mien setup' to get them")
        self.stats = SourceStats()
        self._portraits = [(read_picture(path), _face_in(path)) for path in portraits]
        self._frames = frames
        self._turn = turn
        self._interval_s = 0.0 if fps is None else 1 / fps
        self._closed = False
        self._wake: SimpleQueue[None] = SimpleQueue()  # its put() is safe in a signal handler

    def __iter__(self) -> Iterator[Frame]:
        due = time.monotonic()
        index = 0
        while not self._closed and index != self._frames:
            if (wait := due - time.monotonic()) > 0:
                with suppress(Empty):
                    self._wake.get(timeout=wait)
                    return
            due = max(due, time.monotonic()) + self._interval_s
            rgb = self._turn.apply(self.view(index))
            position_ns = round(index * 1e9 / _STEPS_PER_SECOND)
            yield Frame(rgb, time.monotonic_ns(), index, "demo", position_ns=position_ns)
            index += 1

    def view(self, index: int) -> NDArray[np.uint8]:
        """Pixels of frame ``index``: uint8 (480, 640, 3) RGB."""
        turn = index // _FRAMES_PER_PORTRAIT % len(self._portraits)
        picture, face = self._portraits[turn]
        view = cv2.warpAffine(picture, _motion(index, face), (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        return np.ascontiguousarray(view, dtype=np.uint8)

    def close(self) -> None:
        """End the iteration soon. Safe in a signal handler."""
        self._closed = True
        self._wake.put(None)


def _motion(index: int, face: _FaceBox) -> NDArray[np.float64]:
    """Affine map (2, 3) from portrait px to view px at frame ``index``; the face stays inside."""
    t = index / _STEPS_PER_SECOND
    x = WIDTH / 2 + 110 * _wave(t, period_s=7)
    y = HEIGHT / 2 + 45 * _wave(t, period_s=5)
    scale = (170 + 45 * _wave(t, period_s=11)) / face.height
    roll = math.radians(8) * _wave(t, period_s=9)
    a, b = scale * math.cos(roll), scale * math.sin(roll)
    return np.array(
        [
            [a, -b, x - a * face.center_x + b * face.center_y],
            [b, a, y - b * face.center_x - a * face.center_y],
        ]
    )


def _wave(t: float, period_s: float) -> float:
    return math.sin(2 * math.pi * t / period_s)


def _face_in(path: Path) -> _FaceBox:
    if path.name not in _FACES:
        raise SourceError(f"unknown demo portrait {path}: expected one of {', '.join(_FACES)}")
    return _FACES[path.name]
