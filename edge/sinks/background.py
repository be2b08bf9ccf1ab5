"""A sink that cannot hurt the loop: it gets its results in a thread of its own."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from edge.core.errors import first_line
from edge.core.types import Prediction, Sink, SinkStats, Status

CAPACITY = 32
"""Results that wait for a sink: a second of a camera. The oldest makes room for the newest."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_CLOSE_WAIT_S = 1.0  # for what still waits; a sink that hangs is left behind

_log = logging.getLogger(__name__)


class BackgroundSink:
    """Opens, feeds and closes a sink in a thread.

    Neither a slow sink nor one that fails or hangs delays a call or raises. What it does not take in time is
    dropped and counted. After a failure it is opened again, with longer and longer pauses, up to half a
    minute; one line in the log says that it failed, one that it works again.
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
            name: what log lines call it.
            open_sink: called in the thread; any exception means that it does not work now.
            pause_s: the first pause after a failure.
            capacity: results that may wait.
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
        """Leave a result for the sink; never waits."""
        with self._changed:
            if len(self._waiting) >= self._capacity:
                self._waiting.popleft()
                self.stats.dropped += 1
            self._waiting.append(_without_maps(prediction))
            self._changed.notify()

    def report(self, status: Status) -> None:
        """Leave a status for the sink, in place of one that it has not taken yet."""
        with self._changed:
            self._status = status
            self._changed.notify()

    def close(self) -> None:
        """Let the sink take what still waits, a second at the most, and close it."""
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
            except Exception as error:  # libraries raise what they like; it all means: not now
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
        """Wait for the next item; None: all is given and it is time to close."""
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
    """What no sink needs of a face, 80 kB of it, does not wait."""
    faces = tuple(
        replace(result, face=replace(result.face, maps={}, second=None)) for result in prediction.faces
    )
    return replace(prediction, faces=faces)
