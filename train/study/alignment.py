"""Study of the representations of the landmarks."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import ConfigError
from edge.head.inputs import LANDMARKS
from train.dataset.labelled_faces import LabelledFaces, open_labelled_faces
from train.settings import TrainingSettings
from train.study import shapes
from train.study.output import Study, show, summarize, write
from train.study.points import REGIONS, subset
from train.study.runner import scores

_COLUMNS = ["representation", "features", "validation faces", "accuracy, %", "macro F1, %"]
_ABOUT = (
    "Each row of the table is another representation of the same landmarks, standardized, with the same "
    "noise in standard deviations. Distances are those of all pairs of eye-aligned points, with z where "
    "there is one. Movement is the difference of eye-aligned points from the neutral first face of the same "
    "sequence; these first faces, whose movement is 0, are excluded from the rows that say so."
)


@dataclass(frozen=True, slots=True)
class Representation:
    """One row of the table."""

    name: str
    matrix: Callable[[], NDArray[np.floating[Any]]]
    """Computes the features (N, F) or (N, P, D)."""
    reason: str = ""
    """Reason why this data has no such features; empty where it has."""
    usable: NDArray[np.bool_] | None = None
    """bool (N,), faces that have such features; None: all."""


def study(landmarks: Path, out: Path, settings: TrainingSettings, seeds: int, command: str) -> None:
    """Train on every representation and write the table.

    Arguments are those of the command line; ``command`` is all of it, for the record.

    Raises:
        ConfigError: the settings want other inputs.
        DataError: the landmarks folder cannot be used, or ``out`` is there already.
        OSError: a full disk, for instance; nothing is left behind.
    """
    if settings.inputs != (LANDMARKS.name,):
        raise ConfigError(
            f"this study is about landmarks only: remove --set inputs={','.join(settings.inputs)}"
        )
    study = Study("Alignment of the landmarks", _ABOUT, out, settings, seeds, command)
    data = open_labelled_faces(landmarks, settings).only_found()
    entries = representations(data)
    for entry in entries:
        _faces(entry, data).steps(settings)
    results = (_result(entry, data, settings, seeds) for entry in entries)
    write(study, data, _COLUMNS, ((result, _cells(result)) for result in results), {"regions": REGIONS})


def representations(data: LabelledFaces) -> list[Representation]:
    """The representations in the order of the table; ``matrix`` computes the features of each."""
    points = data.faces.landmarks
    aligned = shapes.eye_aligned(points)  # (N, P, D)
    chosen = subset(points.shape[1])
    some = aligned[:, chosen]

    def procrustes() -> shapes.Points:
        return shapes.procrustes(points, shapes.mean_face(points[data.training]))

    def both(coordinates: shapes.Points) -> NDArray[np.floating[Any]]:
        return np.concatenate([_flat(coordinates), shapes.distances(some)], axis=1)

    flat_only = "no z in this data" if points.shape[2] == 2 else ""
    whole = "these are all points" if len(chosen) == points.shape[1] else ""
    return [
        Representation("raw pixels", lambda: points),
        Representation("centred", lambda: shapes.centred(points)),
        Representation("centred, unit size", lambda: shapes.unit_size(points)),
        Representation("eye-aligned", lambda: aligned, flat_only),
        Representation("eye-aligned, without z", lambda: aligned[..., :2]),
        Representation("Procrustes", procrustes, flat_only),
        Representation("Procrustes, without z", lambda: procrustes()[..., :2]),
        Representation(f"{len(chosen)} points, eye-aligned", lambda: some, whole),
        Representation(f"{len(chosen)} points, distances", lambda: shapes.distances(some)),
        Representation(f"{len(chosen)} points, eye-aligned and distances", lambda: both(some), whole),
        Representation(f"all points eye-aligned, distances of {len(chosen)}", lambda: both(aligned)),
        *_movement(data, aligned),
    ]


def _movement(data: LabelledFaces, aligned: shapes.Points) -> list[Representation]:
    """The movement, and beside it the coordinates of the same faces, which are fewer."""
    neutral = shapes.neutral_rows(data.rows)
    has_one = neutral >= 0
    name = "movement, without neutral first faces"
    if not has_one.any():
        return [Representation(name, lambda: aligned, "no sequences in this data")]
    return [
        Representation("eye-aligned, without neutral first faces", lambda: aligned, "", has_one),
        Representation(name, lambda: aligned - aligned[neutral], "", has_one),
    ]


def _result(
    entry: Representation, data: LabelledFaces, settings: TrainingSettings, seeds: int
) -> dict[str, Any]:
    if entry.reason:
        return {"name": entry.name, "reason": entry.reason}
    data = _faces(entry, data)
    matrix = _flat(entry.matrix()).astype(np.float32)
    runs = scores({LANDMARKS.name: matrix}, data, settings, seeds)
    return {
        "name": entry.name,
        "features": matrix.shape[1],
        "training_faces": len(data.training),
        "validation_faces": len(data.validation),
        "accuracy": summarize(run["accuracy"] for run in runs),
        "macro_f1": summarize(run["macro_f1"] for run in runs),
    }


def _faces(entry: Representation, data: LabelledFaces) -> LabelledFaces:
    return data if entry.usable is None else data.only(entry.usable)


def _flat(points: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    return points.reshape(len(points), -1)


def _cells(result: dict[str, Any]) -> list[str]:
    if "reason" in result:
        return [result["name"], "–", "–", result["reason"], "–"]
    return [
        result["name"],
        str(result["features"]),
        str(result["validation_faces"]),
        show(result["accuracy"]),
        show(result["macro_f1"]),
    ]
