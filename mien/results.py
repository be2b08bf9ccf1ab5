"""The results of a recognizer for a picture or frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edge.core.record import monotonic_epoch_s, prediction_record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.core.pose import Pose
    from edge.core.types import Box, Prediction


@dataclass(frozen=True, slots=True)
class Face:
    """One face and its expression, as a caller of ``mien`` gets it."""

    id: int
    """Number that a face keeps while it is tracked through a video."""
    label: str
    """The most probable expression."""
    score: float
    """Probability of the label, 0–1."""
    probabilities: dict[str, float]
    """Probability of each expression that the bundle knows; they sum to 1."""
    status: str
    """``"ok"``, or ``"low_confidence"`` where the label is not reliable."""
    reasons: tuple[str, ...]
    """Reasons why the label is less reliable: ``unsure``, ``turned``, ``small``, ``dark``, ``blurred``."""
    box: Box
    """Bounding box of the landmarks: x, y, width and height, px."""
    pose: Pose
    """Rotation of the head: yaw, pitch and roll, degrees."""
    landmarks: NDArray[np.float32]
    """float32 (468, 3), or (478, 3) from a backend with irises: x and y in px, z on x's scale."""


class Result:
    """The faces of one picture or frame, to iterate over; empty where there is none."""

    def __init__(self, prediction: Prediction) -> None:
        """Wrap the pipeline's result."""
        self._prediction = prediction
        self._epoch_s = monotonic_epoch_s()
        self.faces = tuple(
            Face(
                id=face.face.track_id,
                label=face.label,
                score=float(face.probabilities.max()),
                probabilities=dict(zip(prediction.labels, face.probabilities.tolist(), strict=True)),
                status=str(face.status),
                reasons=tuple(map(str, face.reasons)),
                box=face.box,
                pose=face.pose,
                landmarks=face.face.landmarks,
            )
            for face in prediction.faces
        )

    @property
    def milliseconds(self) -> float:
        """Duration of the whole recognition, ms."""
        return self._prediction.timings.total_ns / 1e6

    def __iter__(self) -> Iterator[Face]:
        return iter(self.faces)

    def __len__(self) -> int:
        return len(self.faces)

    def __repr__(self) -> str:
        return f"Result({', '.join(f'{face.label} {face.score:.0%}' for face in self) or 'no face'})"

    def to_dict(self) -> dict[str, Any]:
        """The record that JSON lines hold, of JSON's own types; see ``docs/reference/jsonl.md``."""
        return prediction_record(self._prediction, self._epoch_s)
