"""Study of the strategies against classes of unequal size."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import ConfigError
from train.dataset.balance import STRATEGIES
from train.dataset.inputs import read_inputs
from train.dataset.labelled_faces import LabelledFaces, open_labelled_faces
from train.settings import TrainingSettings
from train.study.output import Study, show, summarize, write
from train.study.runner import scores

_ABOUT = (
    "Each row of the table is another strategy of train/dataset/balance.py, with the same number of steps, "
    "however many rows the strategy makes of an epoch. ECE: expected calibration error in 15 bins, before a "
    "temperature is fitted."
)


def study(landmarks: Path, out: Path, settings: TrainingSettings, seeds: int, command: str) -> None:
    """Train with every strategy and write the table.

    Arguments are those of the command line; ``command`` is all of it, for the record.

    Raises:
        ConfigError: the settings choose a balance.
        DataError: the landmarks folder cannot be used, or ``out`` is there already.
        OSError: a full disk, for instance; nothing is left behind.
    """
    if settings.balance != "none":
        raise ConfigError(f"this study varies the balance: remove --set balance={settings.balance}")
    study = Study("Balance of the classes", _ABOUT, out, settings, seeds, command)
    data = open_labelled_faces(landmarks, settings).only_found()
    all_settings = [replace(settings, balance=strategy) for strategy in STRATEGIES]
    for one in all_settings:
        data.steps(one)
    inputs = read_inputs(data.faces, settings.inputs)
    rarest = _rarest(data)
    results = ((one.balance, _figures(scores(inputs, data, one, seeds), rarest)) for one in all_settings)
    rows = (({"name": name, **figures}, [name, *map(show, figures.values())]) for name, figures in results)
    columns = ["strategy", "accuracy, %", "macro F1, %", f"recall of {rarest}, %", "ECE, %"]
    write(study, data, columns, rows, _sizes(data, rarest))


def _figures(runs: list[dict[str, Any]], rarest: str) -> dict[str, dict[str, Any]]:
    """Figures of one strategy, in the order of the table's columns."""
    return {
        "accuracy": summarize(run["accuracy"] for run in runs),
        "macro_f1": summarize(run["macro_f1"] for run in runs),
        "recall_of_rarest": summarize(run["per_class"][rarest]["recall"] for run in runs),
        "ece": summarize(run["ece"] for run in runs),
    }


def _counts(data: LabelledFaces, index: NDArray[np.int64]) -> list[int]:
    counts: list[int] = np.bincount(data.truth.number[index], minlength=len(data.labels.labels)).tolist()
    return counts


def _rarest(data: LabelledFaces) -> str:
    """The class with the fewest training faces, of those that have any."""
    counts = _counts(data, data.training)
    return data.labels.labels[min((count, place) for place, count in enumerate(counts) if count)[1]]


def _sizes(data: LabelledFaces, rarest: str) -> dict[str, Any]:
    parts = {"training": data.training, "validation": data.validation}
    sizes = {
        name: dict(zip(data.labels.labels, _counts(data, index), strict=True))
        for name, index in parts.items()
    }
    return {"rarest": rarest, "class_sizes": sizes}
