"""The record of a result, the one form in which results leave the program (``docs/reference/jsonl.md``).

Plain dictionaries of JSON's own types, as in ``docs/reference/record.schema.json``. Nothing heavy is
imported here, so that a process that only passes records on stays small.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge.core.types import FacePrediction, Prediction, Status

SCHEMA = 2
"""Version of records; raised when a field changes its meaning or is removed."""

_STAGES = ("landmarks", "features", "classify", "smooth", "total", "age")
"""Keys of ``ms``: the fields of ``edge.core.types.StageTimings`` without their ending."""

_encode = json.JSONEncoder(separators=(",", ":")).encode


def json_line(message: Mapping[str, Any]) -> str:
    """A record, or another message, as a line of JSON with its newline."""
    return _encode(message) + "\n"


def monotonic_epoch_s() -> float:
    """Time at which the clock of ``Frame.captured_ns`` was 0, seconds since 1970 (system clock)."""
    return time.time() - time.monotonic()


def prediction_record(prediction: Prediction, epoch_s: float) -> dict[str, Any]:
    """The record of one frame.

    Args:
        epoch_s: see ``monotonic_epoch_s``; it converts the time of a live frame to the field ``time``.
    """
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "frame": prediction.frame_index,
        "source": prediction.origin,
    }
    if prediction.position_ns is None:
        record["time"] = round(epoch_s + prediction.time_ns / 1e9, 3)
    else:
        record["position_s"] = round(prediction.position_ns / 1e9, 6)
    record["size"] = [prediction.width, prediction.height]
    record["faces"] = [face_record(face, prediction.labels) for face in prediction.faces]
    record["ms"] = {stage: round(getattr(prediction.timings, f"{stage}_ns") / 1e6, 3) for stage in _STAGES}
    return record


def face_record(result: FacePrediction, labels: tuple[str, ...]) -> dict[str, Any]:
    """The part of the record about one face; ``labels`` names its probabilities."""
    return {
        "id": result.face.track_id,
        "label": result.label,
        "status": str(result.status),
        "reasons": [str(reason) for reason in result.reasons],
        "probabilities": {
            label: round(p, 4) for label, p in zip(labels, result.probabilities.tolist(), strict=True)
        },
        "presence": round(result.face.presence, 4),
        "box": [round(value, 1) for value in result.box],
        "pose": {angle: round(degrees, 1) for angle, degrees in result.pose._asdict().items()},
    }


def status_record(status: Status, now_s: float) -> dict[str, Any]:
    """The record of a run's status at ``now_s``, seconds since 1970."""
    fields = asdict(status)
    del fields["device"], fields["labels"]
    return {"schema": SCHEMA, "time": round(now_s, 3), "status": fields}
