"""One row of the table: train, answer, count, and time."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BackendError, DataError, ModelError
from edge.landmarks.litert import LitertBackend
from edge.landmarks.models import find_models
from evaluation import metrics
from train.baselines.damage import Damage
from train.baselines.data import PROTOCOLS, BaselineData, Problem, subset
from train.baselines.method import LANDMARKS, SEQUENCES, TEXTURE, Exported, Method
from train.baselines.near_copies import near_copies
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
    damaged: int = 1000


QUICK = Limits(1500, 400, 700, 70)
"""The rows of a quick run."""


class LandmarkNetwork:
    """The bare landmark network, whose time stands beside that of each method."""

    lacking = ""
    """Why it is not at hand; empty where it is."""

    def __init__(self, models_dir: Path | None) -> None:
        try:
            backend = LitertBackend(find_models(models_dir))
            self._run: Callable[[], None] | None = backend.invoke_landmark_model
        except (BackendError, ModelError) as error:
            self._run, self.lacking = None, str(error)

    def microseconds(self) -> float | None:
        """Median time of a run, µs; None: the face models or the runtime are not at hand."""
        return None if self._run is None else median_time(self._run)


@dataclass(frozen=True, slots=True)
class MeasurementSetup:
    """What is the same for all rows of a run."""

    other: BaselineData | None
    """Data of another origin, never trained on."""
    damage: Damage | None
    """Damaged evaluation pictures; None: the pictures are not at hand."""
    limits: Limits
    landmark_network: LandmarkNetwork


Score = Callable[[BaselineData, NDArray[np.int64], NDArray[np.int64]], dict[str, Any]]
"""Figures of a trained method: takes data, rows int64 (K,), and the class of each of its rows int64 (N,)."""


def measure(
    experiment: Experiment, problem: Problem, setup: MeasurementSetup, run: Path | None = None
) -> list[dict[str, Any]]:
    """Train an experiment once; gives a row for each evaluation split.

    Args:
        experiment: what is trained.
        problem: data, classes and split.
        setup: what else is measured.
        run: run folder to write, for ``mien convert``; None: none.

    Raises:
        DataError: fewer than two classes to train on, or no row to validate.
    """
    data, number = problem.data, problem.number
    method = experiment.build(len(problem.classes))
    needs = method.needs
    usable = data.belongs(needs) & data.answered(needs)
    limit = min(filter(None, (setup.limits.training, experiment.max_rows)), default=None)
    available = problem.split.training[usable[problem.split.training]]
    training = subset(available, limit)
    validation = subset(problem.split.validation[usable[problem.split.validation]], setup.limits.validation)
    classes = len(np.unique(number[training]))
    if classes < 2 or not len(validation):
        raise DataError(
            f"{len(training)} training rows of {classes} classes and {len(validation)} to validate: expected "
            "two classes and one row to validate at least"
        )
    start = time.perf_counter()
    samples = data.samples(training, number, needs)
    details = method.fit(samples, data.samples(validation, number, needs))
    seconds = time.perf_counter() - start
    if run is not None:
        try:
            from train.baselines.export import export

            export(run, experiment, cast(Exported, method), problem, training, samples)
        except (DataError, ModuleNotFoundError) as error:  # the row is not lost
            print(f"{experiment.full_name}: no run folder ({error})", flush=True)
    one = data.samples(training[:1], number, needs)
    common = {
        "rows": {"training": len(training), "of": len(available), "validation": len(validation)},
        "train_seconds": round(seconds, 2),
        "size_bytes": method.size(),
        "latency_us": round(median_time(lambda: method.predict_proba(one)), 1),
        "details": details,
    }
    return evaluate(problem, setup, needs, partial(score, method, classes=problem.classes), common)


def evaluate(
    problem: Problem,
    setup: MeasurementSetup,
    needs: frozenset[str],
    score_of: Score,
    common: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """A row for each evaluation split.

    Args:
        problem: data, classes and split.
        setup: what else is measured.
        needs: what the method needs of the data.
        score_of: figures of the trained method.
        common: what is the same in these rows.
    """
    other, damage, limits = setup.other, setup.damage, setup.limits
    common = {
        **common,
        "needs": sorted(needs),
        "landmark_network_us": setup.landmark_network.microseconds(),
        "other": None,
        "robustness": None,
    }
    if other is not None and not other.lacking(needs):
        number = other.numbers(problem.labels)
        index = subset(np.flatnonzero((number >= 0) & other.belongs(needs)), limits.evaluation)
        if len(index):
            scores = score_of(other, index, number)
            common["other"] = {"data": other.name, "sha256": other.sha256, "rows": len(index), **scores}
    if damage is not None and SEQUENCES not in needs:
        common["robustness"] = damage.scores(problem, LANDMARKS in needs and TEXTURE not in needs, score_of)
    rows = []
    for split, index in problem.split.evaluation.items():
        index = subset(index[problem.data.belongs(needs)[index]], limits.evaluation)
        if len(index):
            scores = score_of(problem.data, index, problem.number)
            counts = common["rows"] | {"evaluation": len(index)}
            whole = counts["training"] == counts["of"] and not PROTOCOLS[problem.protocol]
            near = _on_near_copies(problem, index, score_of) if whole else None
            rows.append({"split": split, **scores, **common, "rows": counts, "near_copies": near})
    return rows


def _on_near_copies(problem: Problem, index: NDArray[np.int64], score_of: Score) -> dict[str, Any] | None:
    """Number of near copies among the faces found in the rows ``index``, accuracy on them and on the other
    faces; None: there are none of one kind, or the landmarks folder has no texture."""
    if problem.data.lacking({TEXTURE}):
        return None
    index = index[problem.data.faces.found[index]]
    near = near_copies(problem)[index]
    if near.all() or not near.any():
        return None
    on_near, on_others = (
        score_of(problem.data, index[part], problem.number)["accuracy"] for part in (near, ~near)
    )
    return {"rows": int(near.sum()), "accuracy": on_near, "accuracy_others": on_others}


def score(
    method: Method,
    data: BaselineData,
    index: NDArray[np.int64],
    number: NDArray[np.int64],
    classes: tuple[str, ...],
) -> dict[str, Any]:
    """Figures of the rows ``index``, see ``Score`` and ``scores_of``; a face that was not found is wrong."""
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
