"""Live sources: only the newest frame counts, and a lost camera is reopened for ever."""

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
"""Time after which a capture that neither opens nor gives a frame counts as hung, seconds."""

SETTLED_FRAMES = 30
"""Number of frames after which the camera counts as working and the back-off starts anew."""
MAX_HUNG = 8
"""Number of hung threads beside which no further ones are started."""
HOPELESS_S = 60.0
"""Time after which a camera that is lost beside a hung thread is hopeless, seconds."""
WAIT_STEP_S = 0.5
"""Time between two calls of ``on_wait``, seconds."""
CLOSE_WAIT_S = 1.0
"""Time for a capture to release its device at the end, seconds."""

_log = logging.getLogger(__name__)


def back_off() -> Iterator[float]:
    """Waiting times between attempts, seconds: 0.5, 1, and then 2 without end.

    An attempt takes up to 3 s, whether it fails or succeeds. With such pauses between, a camera that is back
    gives frames within 10 s.
    """
    yield from (0.5, 1.0)
    yield from itertools.repeat(2.0)


class LiveSource:
    """Frames of a camera: a slow consumer gets the newest one, and those before it count as dropped.

    A capture runs in a thread of its own. When it fails or freezes (``Standstill``), it is opened
    again after a back-off, for ever. When it hangs over ``DEADLINE_S`` it is abandoned, since nothing
    can stop a thread that is stuck in a driver, and a new one replaces it. One warning says that
    the camera is lost, one line that it is back. One iteration at a time.
    """

    on_wait: Callable[[], None] = staticmethod(lambda: None)
    """Called twice a second in the iterating thread while no frame comes, unless captures hang and only a new
    process can help."""
    interval_s: float = 0.0
    """Least time from one frame to the next, seconds, well under ``DEADLINE_S``; frames between are
    discarded. May be set at any time."""
    paused: bool = False
    """Whether the camera is kept closed. To be set in the iterating thread: between two frames or in
    ``on_wait``; afterwards the camera is opened as at the start."""

    def __init__(self, name: str, open_capture: Callable[[], Capture], *, turn: Turn = UPRIGHT) -> None:
        """
        Args:
            name: ``origin`` of the frames, and name of the camera in log lines.
            open_capture: opens the camera; any exception means that it is absent.
            turn: how the camera is mounted.
        """
        self.stats = SourceStats()
        self._name = name
        self._open_capture = open_capture
        self._turn = turn
        self._indices = itertools.count()
        self._standstill = Standstill()
        # A queue instead of an Event: close() may run in a signal handler of the waiting thread,
        # where only SimpleQueue.put is safe.
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._closed = False
        self._lost_at: float | None = None

    @property
    def lost(self) -> bool:
        """Whether the camera is absent; false until a first attempt has failed."""
        return self._lost_at is not None

    def __iter__(self) -> Iterator[Frame]:
        delays = back_off()
        hung: list[CaptureThread] = []
        thread: CaptureThread | None = None
        try:
            while not self._closed:
                hung = [abandoned for abandoned in hung if abandoned.is_alive()]
                if self.paused:
                    delays, self._lost_at = back_off(), None
                    self._wait(WAIT_STEP_S, len(hung))
                    continue
                if len(hung) < MAX_HUNG:
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
                    if self.paused:
                        thread.join(timeout=CLOSE_WAIT_S)
                        if not thread.ended:
                            _log.warning("%s: the camera does not close; waiting for its driver", self._name)
                    if not thread.ended:
                        hung.append(thread)
                    if self.paused:
                        thread = None  # and the frame in it
                        continue
                    if taken >= SETTLED_FRAMES:
                        delays = back_off()
                    self._report_lost(thread.failure or f"no frame for {DEADLINE_S:g} s")
                    thread = None
                self._wait(next(delays), len(hung))
        finally:
            if thread is not None:
                thread.stop()
                thread.join(timeout=CLOSE_WAIT_S)

    def close(self) -> None:
        """End the iteration soon. Safe in a signal handler."""
        self._closed = True
        self._wake.put(None)

    def _frames_of(self, thread: CaptureThread, hung: int) -> Generator[Frame, None, int]:
        """Frames until the capture fails or hangs, or the source pauses or closes; returns their number."""
        taken = 0
        end = time.monotonic() + DEADLINE_S
        while not (self._closed or self.paused) and (left := end - time.monotonic()) > 0:
            try:
                self._wake.get(timeout=min(left, WAIT_STEP_S))
            except Empty:
                self._call_on_wait(hung)
                continue
            end = time.monotonic() + DEADLINE_S
            frame = thread.take()
            if frame is not None:
                self._report_back()
                taken += 1
                yield replace(frame, rgb=self._turn.apply(frame.rgb))
                end = time.monotonic() + DEADLINE_S  # the time of the consumer does not count
            elif thread.ended:
                return taken
        return taken

    def _wait(self, seconds: float, hung: int) -> None:
        """Wait, or until ``close``; tokens that a capture has left in the queue do not end it."""
        end = time.monotonic() + seconds
        while not self._closed and (left := end - time.monotonic()) > 0:
            with suppress(Empty):
                self._wake.get(timeout=min(left, WAIT_STEP_S))
            self._call_on_wait(hung)

    def _call_on_wait(self, hung: int) -> None:
        """Call ``on_wait``, unless only a new process can help: a hung capture may keep the camera busy."""
        lost_s = 0.0 if self._lost_at is None else time.monotonic() - self._lost_at
        if hung < MAX_HUNG and (hung == 0 or lost_s <= HOPELESS_S):
            self.on_wait()

    def _report_lost(self, reason: str) -> None:
        if self._lost_at is None:
            _log.warning("%s: no camera (%s); trying again until it is back", self._name, reason)
            self._lost_at = time.monotonic()

    def _report_back(self) -> None:
        if self._lost_at is not None:
            self.stats.reopened += 1
            _log.info("%s: camera is back", self._name)
        self._lost_at = None
