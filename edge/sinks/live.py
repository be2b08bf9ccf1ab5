"""A readable line about the newest frame, for whoever looks at the terminal of the run."""

from collections.abc import Callable
from contextlib import closing
from typing import TextIO

from edge.core.record import monotonic_epoch_s, prediction_record
from edge.core.types import Prediction, Status
from edge.sinks.live_line import LiveLine


class LiveSink:
    """Shows the faces of the newest frame, the frame rate and the latency."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        """Write to ``stream``, which ``close`` closes.

        Args:
            stream: opened for text; lines are written more often to a terminal.
            clock: monotonic seconds.
        """
        self._stream = stream
        self._line = LiveLine(stream, clock)

    def write(self, prediction: Prediction) -> None:
        """Show the prediction if the interval has passed, or if it is the first of a picture or source.

        Raises:
            OSError: the reader has closed the pipe.
        """
        if self._line.is_due(prediction.origin):
            self._line.show_record(prediction_record(prediction, monotonic_epoch_s()))

    def report(self, status: Status) -> None:
        """Do nothing: the line has the frame rate, and the log has the rest."""

    def close(self) -> None:
        """End the rewritten line and close the stream."""
        with closing(self._stream):
            self._line.end()
