"""One JSON object a line; the schema is described in ``docs/reference/jsonl.md``."""

from collections.abc import Callable
from typing import TextIO

from edge.core.record import json_line, monotonic_epoch_s, prediction_record
from edge.core.types import Prediction, Status
from edge.sinks.output_file import OutputFile


class JsonlSink:
    """Writes and flushes a line for each frame."""

    def __init__(self, stream: TextIO | OutputFile, epoch_s: Callable[[], float] = monotonic_epoch_s) -> None:
        """Write to ``stream``, which ``close`` closes.

        Args:
            stream: a stream that is opened for text, or an output file.
            epoch_s: see ``monotonic_epoch_s``; called for each line, since the system's clock may be set.
        """
        self._stream = stream
        self._epoch_s = epoch_s

    def write(self, prediction: Prediction) -> None:
        """Write one line.

        Raises:
            OSError: the disk is full, or the reader has closed the pipe.
        """
        record = prediction_record(prediction, self._epoch_s())
        self._stream.write(json_line(record))
        self._stream.flush()

    def report(self, status: Status) -> None:
        """Do nothing: each line is about a frame."""

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()
