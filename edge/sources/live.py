"""What all live sources share: newest frame only, and a camera that is reopened for ever."""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.core.types import Frame, SourceStats

DEADLINE_S = 5.0
"""A capture that neither opens nor gives a frame for so long counts as hung."""

_SETTLED_FRAMES = 30  # after so many the camera counts as working and the back-off starts anew
_MAX_HUNG = 8  # hung threads that are left behind before no more are started
_CLOSE_WAIT_S = 1.0  # time for a capture to release its device at the end

_log = logging.getLogger(__name__)


class Capture(Protocol):
    """An opened camera. One thread opens, reads and closes it."""

    def read(self) -> tuple[NDArray[np.uint8], int] | None:
        """Wait for the next frame.

        Returns:
            Pixels, uint8 (H, W, 3) RGB, and the time they were taken (ns, ``time.monotonic_ns``);
            None where a frame came but did not decode.

        Raises:
            Exception: the camera is gone.
        """
        ...

    def close(self) -> None: ...


def back_off(first_s: float = 0.5, cap_s: float = 10.0) -> Iterator[float]:
    """Waiting times between attempts, seconds: doubling from ``first_s`` to ``cap_s``, without end."""
    delay = first_s
    while True:
        yield delay
        delay = min(2 * delay, cap_s)


class LiveSource:
    """Frames of a camera; whoever is slow gets the newest one and the rest is counted as dropped.

    A capture runs in a thread of its own. When it fails, it is opened again after a back-off, for
    ever. When it hangs over ``deadline_s`` it is left behind, since nothing can stop a thread that
    is stuck in a driver, and a new one takes its place. One warning says that the camera is lost,
    one line that it is back. One iteration at a time.
    """

    def __init__(
        self,
        name: str,
        open_capture: Callable[[], Capture],
        *,
        deadline_s: float = DEADLINE_S,
        back_off: Callable[[], Iterator[float]] = back_off,
    ) -> None:
        """
        Args:
            name: ``origin`` of the frames, and what log lines call the camera.
            open_capture: opens the camera; any exception means that it is not there.
        """
        self.stats = SourceStats()
        self._name = name
        self._open_capture = open_capture
        self._deadline_s = deadline_s
        self._back_off = back_off
        self._indices = itertools.count()
        # A queue instead of an Event: close() may run in a signal handler of the waiting thread,
        # and only SimpleQueue.put is re-entrant.
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._closed = False
        self._lost = False

    def __iter__(self) -> Iterator[Frame]:
        delays = self._back_off()
        hung: list[_CaptureThread] = []
        thread: _CaptureThread | None = None
        try:
            while not self._closed:
                hung = [left_behind for left_behind in hung if left_behind.is_alive()]
                if len(hung) < _MAX_HUNG:
                    thread = _CaptureThread(
                        self._name, self._open_capture, self.stats, self._indices, self._wake
                    )
                    thread.start()
                    taken = yield from self._frames_of(thread)
                    if self._closed:
                        return
                    thread.stop()
                    if not thread.ended:
                        hung.append(thread)
                    if taken >= _SETTLED_FRAMES:
                        delays = self._back_off()
                    self._report_lost(thread.failure or f"no frame for {self._deadline_s:g} s")
                    thread = None
                self._pause(next(delays))
        finally:
            if thread is not None:
                thread.stop()
                thread.join(timeout=_CLOSE_WAIT_S)

    def close(self) -> None:
        """End the iteration soon. Safe in a signal handler."""
        self._closed = True
        self._wake.put(None)

    def _frames_of(self, thread: "_CaptureThread") -> Generator[Frame, None, int]:
        """Frames until the capture fails or hangs, or the source is closed. Returns how many."""
        taken = 0
        while not self._closed:
            try:
                self._wake.get(timeout=self._deadline_s)
            except Empty:
                return taken
            frame = thread.take()
            if frame is not None:
                self._report_back()
                taken += 1
                yield frame
            elif thread.ended:
                return taken
        return taken

    def _pause(self, seconds: float) -> None:
        """Wait, until ``close`` at most; a token that a capture left in the queue does not count."""
        end = time.monotonic() + seconds
        while not self._closed and (left := end - time.monotonic()) > 0:
            with suppress(Empty):
                self._wake.get(timeout=left)

    def _report_lost(self, reason: str) -> None:
        if not self._lost:
            _log.warning("%s: no camera (%s); trying again until it is there", self._name, reason)
        self._lost = True

    def _report_back(self) -> None:
        if self._lost:
            self.stats.reopened += 1
            _log.info("%s: camera is back", self._name)
        self._lost = False


class _CaptureThread(threading.Thread):
    """Opens a capture and reads it until it fails or ``stop``; keeps only the newest frame.

    Puts a token into ``wake`` when it has opened, when a frame lies ready, and when it has ended.
    """

    def __init__(
        self,
        name: str,
        open_capture: Callable[[], Capture],
        stats: SourceStats,
        indices: Iterator[int],
        wake: "SimpleQueue[None]",
    ) -> None:
        super().__init__(name=f"capture {name}", daemon=True)
        self.failure: str | None = None
        """Why the capture ended by itself."""
        self.ended = False
        self._origin = name
        self._open_capture = open_capture
        self._stats = stats
        self._indices = indices
        self._wake = wake
        self._lock = threading.Lock()
        self._stopped = False
        self._newest: Frame | None = None

    def run(self) -> None:
        try:
            capture = self._open_capture()
            try:
                self._signal()
                while not self._stopped:
                    self._offer(capture.read())
            finally:
                capture.close()
        except Exception as error:  # drivers raise what they like; it all means: no camera
            self.failure = " ".join(str(error).split()) or type(error).__name__
        self.ended = True
        self._signal()

    def take(self) -> Frame | None:
        """The newest frame, once."""
        with self._lock:
            frame, self._newest = self._newest, None
        return frame

    def stop(self) -> None:
        """Nothing that comes from now on counts, and the capture closes after the running read."""
        with self._lock:
            self._stopped = True

    def _offer(self, item: tuple[NDArray[np.uint8], int] | None) -> None:
        with self._lock:
            if self._stopped:
                return
            if item is None:
                self._stats.skipped += 1
                return
            rgb, captured_ns = item
            if self._newest is None:
                self._wake.put(None)
            else:
                self._stats.dropped += 1
            self._newest = Frame(rgb, captured_ns, next(self._indices), self._origin)

    def _signal(self) -> None:
        if not self._stopped:
            self._wake.put(None)
