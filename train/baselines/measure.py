"""One row of the table: train, answer, count, and time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BackendError, ModelError
from edge.landmarks.litert import LitertBackend
from edge.landmarks.models import find_models
from evaluation import metrics
from evaluation.label_sets import LABEL_SETS
from train.baselines.data import BaselineData, Problem, subset
from train.baselines.method import Method
from train.baselines.registry import Experiment

LATENCY_SECONDS = 0.5
"""Time in which single predictions are repeated for their median."""
LATENCY_CALLS = 200
"""Largest number of these predictions."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest numbers of rows; None: all."""

    training: int | None = None
    validation: int | None = None
    evaluation: int | None = None


QUICK = Limits(2000, 500, 1000)
"""The rows of a quick run."""


class LandmarkNetwork:
    """The bare landmark network, whose time stands beside that of each method."""

    def __init__(self) -> None:
        try:
            self._run: Callable[[], None] | None = LitertBackend(find_models()).invoke_landmark_model
        except (BackendError, ModelError):
            self._run = None

    def microseconds(self) -> float | None:
        """Median time of a run, µs; None: the face models or the runtime are not at hand."""
        return None if self._run is None else median_time(self._run)


def measure(
    experiment: Experiment,
    problem: Problem,
    other: BaselineData | None,
    limits: Limits,
    floor: LandmarkNetwork,
    run: Path | None = None,
) -> list[dict[str, Any]]:
    """Train an experiment once; gives a row for each evaluation split.

    Args:
        experiment: what is trained.
        problem: data, classes and split.
        other: data of another origin, never trained on.
        limits: largest numbers of rows.
        floor: the landmark network.
        run: run folder to write, for ``mien convert``; None: none.
    """
    data, number = problem.data, problem.number
    method = experiment.build(len(problem.classes))
    needs = method.needs
    usable = data.belongs(needs) & data.answered(needs)
    limit = min(filter(None, (limits.training, experiment.max_rows)), default=None)
    available = problem.split.training[usable[problem.split.training]]
    training = subset(available, limit)
    validation = subset(problem.split.validation[usable[problem.split.validation]], limits.validation)
    start = time.perf_counter()
    samples = data.samples(training, number, needs)
    details = method.fit(samples, data.samples(validation, number, needs))
    seconds = time.perf_counter() - start
    if run is not None:
        from train.baselines.export import export

        export(run, experiment, method, problem, training, samples)
    one = data.samples(training[:1], number, needs)
    common: dict[str, Any] = {
        "rows": {"training": len(training), "of": len(available), "validation": len(validation)},
        "train_seconds": round(seconds, 2),
        "size_bytes": method.size(),
        "latency_us": round(median_time(lambda: method.predict_proba(one)), 1),
        "landmark_network_us": floor.microseconds(),
        "details": details,
    }
    if other is not None:
        common["other"] = None if other.lacking(needs) else _on_other(method, problem.labels, other, limits)
    rows = []
    for split, index in problem.split.evaluation.items():
        index = subset(index[data.belongs(needs)[index]], limits.evaluation)
        if len(index):
            scores = score(method, data, index, number, problem.classes)
            rows.append(
                {"split": split, **scores, **common, "rows": common["rows"] | {"evaluation": len(index)}}
            )
    return rows


def _on_other(method: Method, labels: int, other: BaselineData, limits: Limits) -> dict[str, Any] | None:
    number = other.numbers(labels)
    index = subset(np.flatnonzero((number >= 0) & other.belongs(method.needs)), limits.evaluation)
    if not len(index):
        return None
    scores = score(method, other, index, number, LABEL_SETS[labels].labels)
    return {"data": other.name, "sha256": other.sha256, "rows": len(index), **scores}


def score(
    method: Method,
    data: BaselineData,
    index: NDArray[np.int64],
    number: NDArray[np.int64],
    classes: tuple[str, ...],
) -> dict[str, Any]:
    """Accuracy, macro F1, recall and coverage of the rows ``index``; a face that was not found is wrong."""
    found = data.answered(method.needs)[index]
    answers = np.zeros((len(index), len(classes)))
    if found.any():
        answers[found] = method.predict_proba(data.samples(index[found], number, method.needs))
    return scores_of(answers, found, number[index], classes)


def scores_of(
    probabilities: NDArray[np.floating[Any]],
    found: NDArray[np.bool_],
    true: NDArray[np.int64],
    classes: tuple[str, ...],
) -> dict[str, Any]:
    """Figures of N answers.

    Args:
        probabilities: (N, C)
        found: bool (N,), where there is an answer.
        true: int64 (N,), the classes.
        classes: names of the C classes.
    """
    predicted = np.where(found, probabilities.argmax(axis=1), metrics.MISSED)
    report = metrics.report(classes, true, predicted, probabilities.max(axis=1), found)
    kept = ("accuracy", "accuracy_found", "macro_f1", "macro_recall", "coverage", "confusion")
    recall = {name: figures["recall"] for name, figures in report["per_class"].items()}
    return {key: report[key] for key in kept} | {"recall": recall}


def median_time(call: Callable[[], Any]) -> float:
    """Median time of a call, µs, after one that is not counted."""
    call()
    times: list[int] = []
    end = time.perf_counter() + LATENCY_SECONDS
    while not times or (len(times) < LATENCY_CALLS and time.perf_counter() < end):
        start = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - start)
    return float(np.median(times)) / 1e3
