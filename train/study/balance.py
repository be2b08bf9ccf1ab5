"""Study of the strategies against classes of unequal size."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import ConfigError
from train.dataset.balance import STRATEGIES
from train.dataset.inputs import read_inputs
from train.settings import TrainingSettings
from train.study.output import Study, show, summarize, write
from train.study.runner import Task, open_task, require_faces, scores

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
    task = open_task(landmarks, settings)
    all_settings = [replace(settings, balance=strategy) for strategy in STRATEGIES]
    for one in all_settings:
        require_faces(task, one)
    inputs = read_inputs(task.faces, settings.inputs)
    rarest = _rarest(task)
    results, table = [], []
    for one in all_settings:
        figures = _figures(scores(inputs, task, one, seeds), rarest)
        results.append({"name": one.balance, **figures})
        table.append([one.balance, *map(show, figures.values())])
        print(", ".join(table[-1]), flush=True)
    columns = ["strategy", "accuracy, %", "macro F1, %", f"recall of {rarest}, %", "ECE, %"]
    write(study, task, columns, table, {"results": results, **_sizes(task, rarest)})


def _figures(runs: list[dict[str, Any]], rarest: str) -> dict[str, dict[str, Any]]:
    """Figures of one strategy, in the order of the table's columns."""
    return {
        "accuracy": summarize(run["accuracy"] for run in runs),
        "macro_f1": summarize(run["macro_f1"] for run in runs),
        "recall_of_rarest": summarize(run["per_class"][rarest]["recall"] for run in runs),
        "ece": summarize(run["ece"] for run in runs),
    }


def _counts(task: Task, index: NDArray[np.int64]) -> list[int]:
    counts: list[int] = np.bincount(task.number[index], minlength=len(task.labels)).tolist()
    return counts


def _rarest(task: Task) -> str:
    """The class with the fewest training faces, of those that have any."""
    counts = _counts(task, task.training)
    return task.labels[min((count, place) for place, count in enumerate(counts) if count)[1]]


def _sizes(task: Task, rarest: str) -> dict[str, Any]:
    parts = {"training": task.training, "validation": task.validation}
    sizes = {name: dict(zip(task.labels, _counts(task, index), strict=True)) for name, index in parts.items()}
    return {"rarest": rarest, "class_sizes": sizes}
