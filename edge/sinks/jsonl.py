"""One JSON object a line; the schema is described in ``docs/jsonl.md``."""

import json
import time
from collections.abc import Callable
from typing import TextIO

from edge.core.record import prediction_record
from edge.core.types import Prediction, Status
from edge.sinks.output_file import OutputFile


class JsonlSink:
    """Writes and flushes a line for each frame."""

    def __init__(self, stream: TextIO | OutputFile, wall_clock: Callable[[], float] = time.time) -> None:
        """Write to ``stream``, which ``close`` closes.

        Args:
            stream: opened for text; or a file.
            wall_clock: seconds since 1970, for the field ``time``.
        """
        self._stream = stream
        self._wall_clock = wall_clock

    def write(self, prediction: Prediction) -> None:
        """Write one line.

        Raises:
            OSError: the disk is full, or the reader has gone.
        """
        record = prediction_record(prediction, self._wall_clock())
        self._stream.write(json.dumps(record, separators=(",", ":")) + "\n")
        self._stream.flush()

    def report(self, status: Status) -> None:
        """Nothing: each line is about a frame."""

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()
