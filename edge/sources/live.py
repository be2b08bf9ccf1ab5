"""What all live sources share: newest frame only, and a camera that is reopened for ever."""

import itertools
import logging
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue

from edge.core.types import Frame, SourceStats
from edge.sources.capture import Capture, CaptureThread, Standstill
from edge.sources.orientation import UPRIGHT, Turn

DEADLINE_S = 5.0
"""A capture that neither opens nor gives a frame for so long counts as hung."""

_SETTLED_FRAMES = 30  # after so many the camera counts as working and the back-off starts anew
_MAX_HUNG = 8  # hung threads that are left behind before no more are started
_HOPELESS_S = 60.0  # a camera lost for so long beside a hung thread is not waited for any more
_WAIT_STEP_S = 0.5  # how often somebody who waits is told so
_CLOSE_WAIT_S = 1.0  # time for a capture to release its device at the end

_log = logging.getLogger(__name__)


def back_off(first_s: float = 0.5, cap_s: float = 2.0) -> Iterator[float]:
    """Waiting times between attempts, seconds: doubling from ``first_s`` to ``cap_s``, without end.

    An attempt that fails takes up to 3 s, one that succeeds as long: with the cap between, a camera that
    is back gives frames within 10 s.
    """
    delay = first_s
    while True:
        yield delay
        delay = min(2 * delay, cap_s)


class LiveSource:
    """Frames of a camera; whoever is slow gets the newest one and the rest is counted as dropped.

    A capture runs in a thread of its own. When it fails or freezes (``Standstill``), it is opened
    again after a back-off, for ever. When it hangs over ``deadline_s`` it is left behind, since nothing
    can stop a thread that is stuck in a driver, and a new one takes its place. One warning says that
    the camera is lost, one line that it is back. One iteration at a time.
    """

    on_wait: Callable[[], None] = staticmethod(lambda: None)
    """Called twice a second in the iterating thread while no frame comes; not any more when captures hang
    and only a new process can help."""
    interval_s: float = 0.0
    """From one frame to the next at least; what the camera gives between is let go. May be set at any
    time; well under ``deadline_s``."""

    def __init__(
        self,
        name: str,
        open_capture: Callable[[], Capture],
        *,
        turn: Turn = UPRIGHT,
        deadline_s: float = DEADLINE_S,
        back_off: Callable[[], Iterator[float]] = back_off,
    ) -> None:
        """
        Args:
            name: ``origin`` of the frames, and what log lines call the camera.
            open_capture: opens the camera; any exception means that it is not there.
            turn: how it is mounted.
        """
        self.stats = SourceStats()
        self._name = name
        self._open_capture = open_capture
        self._turn = turn
        self._deadline_s = deadline_s
        self._back_off = back_off
        self._indices = itertools.count()
        self._standstill = Standstill()
        # A queue instead of an Event: close() may run in a signal handler of the waiting thread,
        # and only SimpleQueue.put is re-entrant.
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._closed = False
        self._lost_at: float | None = None

    @property
    def lost(self) -> bool:
        """Whether there is no camera; false until a first attempt has failed."""
        return self._lost_at is not None

    def __iter__(self) -> Iterator[Frame]:
        delays = self._back_off()
        hung: list[CaptureThread] = []
        thread: CaptureThread | None = None
        try:
            while not self._closed:
                hung = [left_behind for left_behind in hung if left_behind.is_alive()]
                if len(hung) < _MAX_HUNG:
                    thread = CaptureThread(
                        self._name,
                        self._open_capture,
                        self.stats,
                        self._indices,
                        self._wake,
                        self._standstill,
                        lambda: self.interval_s,
                    )
                    thread.start()
                    taken = yield from self._frames_of(thread, len(hung))
                    if self._closed:
                        return
                    thread.stop()
                    if not thread.ended:
                        hung.append(thread)
                    if taken >= _SETTLED_FRAMES:
                        delays = self._back_off()
                    self._report_lost(thread.failure or f"no frame for {self._deadline_s:g} s")
                    thread = None
                self._pause(next(delays), len(hung))
        finally:
            if thread is not None:
                thread.stop()
                thread.join(timeout=_CLOSE_WAIT_S)

    def close(self) -> None:
        """End the iteration soon. Safe in a signal handler."""
        self._closed = True
        self._wake.put(None)

    def _frames_of(self, thread: CaptureThread, hung: int) -> Generator[Frame, None, int]:
        """Frames until the capture fails or hangs, or the source is closed. Returns how many."""
        taken = 0
        end = time.monotonic() + self._deadline_s
        while not self._closed and (left := end - time.monotonic()) > 0:
            try:
                self._wake.get(timeout=min(left, _WAIT_STEP_S))
            except Empty:
                self._tell(hung)
                continue
            end = time.monotonic() + self._deadline_s
            frame = thread.take()
            if frame is not None:
                self._report_back()
                taken += 1
                yield replace(frame, rgb=self._turn.apply(frame.rgb))
                end = time.monotonic() + self._deadline_s  # whatever the loop took is not the camera's
            elif thread.ended:
                return taken
        return taken

    def _pause(self, seconds: float, hung: int) -> None:
        """Wait, until ``close`` at most; a token that a capture left in the queue does not count."""
        end = time.monotonic() + seconds
        while not self._closed and (left := end - time.monotonic()) > 0:
            with suppress(Empty):
                self._wake.get(timeout=min(left, _WAIT_STEP_S))
            self._tell(hung)

    def _tell(self, hung: int) -> None:
        """``on_wait``, unless only a new process can help: what hangs may keep the camera busy for others."""
        lost_s = 0.0 if self._lost_at is None else time.monotonic() - self._lost_at
        if hung < _MAX_HUNG and (hung == 0 or lost_s <= _HOPELESS_S):
            self.on_wait()

    def _report_lost(self, reason: str) -> None:
        if self._lost_at is None:
            _log.warning("%s: no camera (%s); trying again until it is there", self._name, reason)
            self._lost_at = time.monotonic()

    def _report_back(self) -> None:
        if self._lost_at is not None:
            self.stats.reopened += 1
            _log.info("%s: camera is back", self._name)
        self._lost_at = None
