"""A sink in a thread of its own, which can neither delay nor end the loop."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from edge.core.errors import first_line
from edge.core.protocols import Sink
from edge.core.types import Prediction, SinkStats, Status

CAPACITY = 32
"""Most results that wait for a sink: a second of a camera. The oldest is dropped for the newest."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_CLOSE_WAIT_S = 1.0  # for the results that still wait; a sink that hangs is abandoned

_log = logging.getLogger(__name__)


class BackgroundSink:
    """Opens, feeds and closes a sink in a thread.

    No method waits for the sink or raises its errors. Results that it does not take in time are dropped and
    counted. After a failure it is opened again, with longer and longer pauses, up to half a minute; one line
    in the log says that it failed, one that it works again.
    """

    def __init__(
        self,
        name: str,
        open_sink: Callable[[], Sink],
        pause_s: float = _FIRST_PAUSE_S,
        capacity: int = CAPACITY,
    ) -> None:
        """
        Args:
            name: name of the sink in log lines.
            open_sink: opens the sink, in the thread; any exception counts as a failure.
            pause_s: the first pause after a failure, seconds.
            capacity: most results that may wait.
        """
        self.stats = SinkStats()
        self._name = name
        self._open_sink = open_sink
        self._first_pause_s = pause_s
        self._capacity = capacity
        self._waiting: deque[Prediction] = deque()
        self._status: Status | None = None
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"sink {name}", daemon=True)
        self._thread.start()

    def write(self, prediction: Prediction) -> None:
        """Queue a result for the sink, without waiting."""
        with self._changed:
            if len(self._waiting) >= self._capacity:
                self._waiting.popleft()
                self.stats.dropped += 1
            self._waiting.append(_without_maps(prediction))
            self._changed.notify()

    def report(self, status: Status) -> None:
        """Keep a status for the sink, in place of one that it has not taken yet."""
        with self._changed:
            self._status = status
            self._changed.notify()

    def close(self) -> None:
        """Wait until the sink has taken the queued results, a second at most, and close it."""
        with self._changed:
            self._closing.set()
            self._changed.notify()
        self._thread.join(_CLOSE_WAIT_S)

    def _run(self) -> None:
        pause_s, failing = self._first_pause_s, False
        while True:
            try:
                sink = self._open_sink()
                try:
                    while (item := self._next()) is not None:
                        if isinstance(item, Status):
                            sink.report(item)
                            continue
                        sink.write(item)
                        if failing:
                            _log.info("sink %s works again", self._name)
                        pause_s, failing = self._first_pause_s, False
                    return
                finally:
                    sink.close()
            except Exception as error:  # any exception of a library is a failure of the sink
                self.stats.failures += 1
                if not failing:
                    _log.warning(
                        "sink %s: %s; results are dropped until it works again", self._name, first_line(error)
                    )
                failing = True
            if self._closing.wait(pause_s):
                return
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _next(self) -> Prediction | Status | None:
        """Wait for the next item; None where the queue is empty and the sink is to close."""
        with self._changed:
            while not self._waiting and self._status is None:
                if self._closing.is_set():
                    return None
                self._changed.wait()
            if self._status is not None:
                status, self._status = self._status, None
                return status
            return self._waiting.popleft()


def _without_maps(prediction: Prediction) -> Prediction:
    """The prediction without the 80 kB of each face that no sink needs."""
    faces = tuple(
        replace(result, face=replace(result.face, maps={}, mirrored=None)) for result in prediction.faces
    )
    return replace(prediction, faces=faces)
