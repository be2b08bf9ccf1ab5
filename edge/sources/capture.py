"""The thread that owns an opened camera, and the check whether the camera has frozen."""

import threading
import time
import zlib
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import SourceError
from edge.core.types import Frame, SourceStats

FROZEN_S = 4.0
"""Time after which a camera that gives identical pixels counts as frozen, seconds."""

_LONGEST_PATIENCE_S = 600.0
_SPARSE = 16  # px between the pixels that are always compared


class Capture(Protocol):
    """An opened camera. One thread opens, reads and closes it."""

    @property
    def may_freeze(self) -> bool:
        """Whether identical pictures in succession mean a fault (``Standstill``)."""
        ...

    def read(self) -> tuple[NDArray[np.uint8], int] | None:
        """Wait for the next frame.

        Returns:
            Pixels, uint8 (H, W, 3) RGB, C-contiguous, and the time at which they were taken (ns,
            ``time.monotonic_ns``); None where a frame came but did not decode.

        Raises:
            Exception: the camera is gone.
        """
        ...

    def skip(self) -> None:
        """Wait for the next frame and discard it, as cheaply as the camera can.

        Raises:
            Exception: the camera is gone.
        """
        ...

    def close(self) -> None: ...


class Standstill:
    """Distinguishes a frozen camera from a scene in which nothing moves.

    A sensor's noise never gives the same pixels twice, but a drawn picture on a stream does. So the first
    standstill counts as a fault, and if a new capture gives the same picture, the next one only after twice
    the time, up to ten minutes: a still stream is not reopened all the time.
    """

    def __init__(self) -> None:
        self._patience_s = FROZEN_S
        # Copies of the last frame, on which its user may have drawn since: some of its pixels, and a checksum
        # of all. The checksum takes longer, and is computed only where these pixels have not changed.
        self._sparse: NDArray[np.uint8] | None = None
        self._checksum: int | None = None
        self._since = 0.0

    def check(self, rgb: NDArray[np.uint8], now: float) -> None:
        """Check one frame, uint8 (H, W, 3), C-contiguous, at ``now`` (seconds) without keeping a reference to
        it. A standstill begins with its second frame.

        Raises:
            SourceError: the picture has not changed for too long.
        """
        sparse = rgb[::_SPARSE, ::_SPARSE]
        same = self._sparse is not None and np.array_equal(sparse, self._sparse)
        checksum = zlib.crc32(rgb.data) if same else None
        if not same or checksum != self._checksum:
            self._sparse, self._checksum = sparse.copy(), checksum
            self._since, self._patience_s = now, FROZEN_S
            return
        still_s = now - self._since
        if still_s >= self._patience_s:
            self._since = now
            self._patience_s = min(2 * self._patience_s, _LONGEST_PATIENCE_S)
            raise SourceError(f"identical pictures for {still_s:.0f} s")


class CaptureThread(threading.Thread):
    """Opens a capture and reads it until it fails or ``stop`` is called; keeps only the newest frame.

    Puts a token into ``wake`` when it has opened, when a frame lies ready, and when it has ended.
    """

    def __init__(
        self,
        name: str,
        open_capture: Callable[[], Capture],
        stats: SourceStats,
        indices: Iterator[int],
        wake: "SimpleQueue[None]",
        standstill: Standstill,
        interval_s: Callable[[], float],
    ) -> None:
        """
        Args:
            name: ``origin`` of the frames.
            open_capture: opens the camera; any exception means that it is absent.
            stats: counters of the source.
            indices: numbers of the frames.
            wake: queue of the tokens.
            standstill: checks each frame; outlives the thread.
            interval_s: gives the least time from one frame to the next, seconds; frames between are skipped.
        """
        super().__init__(name=f"capture {name}", daemon=True)
        self.failure: str | None = None
        """Reason why the capture ended by itself."""
        self.ended = False
        self._origin = name
        self._open_capture = open_capture
        self._stats = stats
        self._indices = indices
        self._wake = wake
        self._standstill = standstill
        self._interval_s = interval_s
        self._lock = threading.Lock()
        self._stopped = False
        self._newest: Frame | None = None

    def run(self) -> None:
        try:
            capture = self._open_capture()
            try:
                self._signal()
                self._read(capture)
            finally:
                capture.close()
        except Exception as error:  # any exception of a driver means that there is no camera
            self.failure = " ".join(str(error).split()) or type(error).__name__
        self.ended = True
        self._signal()

    def take(self) -> Frame | None:
        """The newest frame, if it has not been taken yet."""
        with self._lock:
            frame, self._newest = self._newest, None
        return frame

    def stop(self) -> None:
        """Ignore all further frames, and close the capture after the running read."""
        with self._lock:
            self._stopped = True

    def _read(self, capture: Capture) -> None:
        read_at = float("-inf")
        while not self._stopped:
            if time.monotonic() < read_at + self._interval_s():
                capture.skip()
                continue
            read_at = time.monotonic()
            item = capture.read()
            self._offer(item, capture.may_freeze)

    def _offer(self, item: tuple[NDArray[np.uint8], int] | None, may_freeze: bool) -> None:
        with self._lock:
            if self._stopped:
                return
            if item is None:
                self._stats.skipped += 1
                return
            rgb, captured_ns = item
            if may_freeze:
                self._standstill.check(rgb, time.monotonic())
            if self._newest is None:
                self._wake.put(None)
            else:
                self._stats.dropped += 1
            self._newest = Frame(rgb, captured_ns, next(self._indices), self._origin)

    def _signal(self) -> None:
        if not self._stopped:
            self._wake.put(None)
