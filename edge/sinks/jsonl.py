"""One JSON object a line; the schema is described in ``docs/jsonl.md``."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TextIO

from edge.core.types import FacePrediction, Prediction
from edge.sinks.output_file import OutputFile

SCHEMA = 1
"""Version of the lines; raised when a field changes its meaning or goes away."""


class JsonlSink:
    """Writes and flushes a line for each frame."""

    def __init__(self, stream: TextIO | OutputFile, wall_clock: Callable[[], float] = time.time) -> None:
        """Write to ``stream``, which ``close`` closes unless it is the standard output.

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
        self._stream.write(json.dumps(self._record(prediction), separators=(",", ":")) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Close the stream; the standard output stays open."""
        if self._stream is not sys.stdout:
            self._stream.close()

    def _record(self, prediction: Prediction) -> dict[str, Any]:
        timings = asdict(prediction.timings)
        return {
            "schema": SCHEMA,
            "frame": prediction.frame_index,
            "source": prediction.origin,
            "time": round(self._wall_clock() - prediction.timings.age_ns / 1e9, 3),
            "faces": [_face(face, prediction.labels) for face in prediction.faces],
            "ms": {stage.removesuffix("_ns"): round(ns / 1e6, 3) for stage, ns in timings.items()},
        }


def _face(result: FacePrediction, labels: tuple[str, ...]) -> dict[str, Any]:
    points = result.face.landmarks[:, :2]
    low, high = points.min(axis=0), points.max(axis=0)
    return {
        "id": result.face.track_id,
        "label": result.label,
        "status": str(result.status),
        "probabilities": {
            label: round(float(p), 4) for label, p in zip(labels, result.probabilities, strict=True)
        },
        "presence": round(result.face.presence, 4),
        "box": [round(float(v), 1) for v in (*low, *(high - low))],
    }
