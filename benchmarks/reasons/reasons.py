"""Whether labels are less often right where a face has a reason, by the thresholds of ``edge.head.reasons``.

Labelled pictures go through the app's pipeline as they are, then smaller, darker and more blurred, step by
step. A head cannot be turned in a picture: there the pictures as they are stand in bins of their angle.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from itertools import pairwise
from math import inf, isfinite
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.chance import wilson
from benchmarks.accuracy.classes import Classes, choose_classes
from benchmarks.accuracy.scores import counted, data_facts, nothing_left, summarize
from benchmarks.accuracy.subset import Pictures, read_pictures
from benchmarks.machine.environment import bundle_facts, describe, usable_cores
from benchmarks.reasons.graded import GRADED
from benchmarks.robustness.corruptions.occlusions import eye_distance
from benchmarks.systems.evaluator import work_through
from benchmarks.systems.system import Answer, PipelineSystem
from edge.build import load_bundle
from edge.core.errors import DataError
from edge.core.types import Box, FacePrediction, Reason
from edge.head import reasons
from edge.settings import Settings
from evaluation import Preparation, Sample, prepare

SCHEMA = 1
"""Version of the result."""
VERSION = 1
"""Of the protocol: a new one whenever the same bundle would get other figures."""
TURNS = (0.0, 10.0, 20.0, 30.0, inf)
"""Bounds of the bins of the head's turn, degrees; a bin holds its upper one."""

_LOOKS = 1 + sum(len(grades.levels) for grades in GRADED.values())


class View(NamedTuple):
    """A face, as one version of a picture shows it."""

    answer: Answer
    measured: dict[Reason, float]
    """What the thresholds are compared with; light and sharpness of a face beside the picture are missing."""


class Case(NamedTuple):
    """One version of a picture."""

    true: str
    """The emotion."""
    view: View | None
    """None: no face found."""


class Outcome(NamedTuple):
    """What came out for one picture."""

    clean: Case
    """The picture as it is."""
    damaged: dict[tuple[Reason, float], Case]
    """By kind of damage and level. A level that the face does not reach even as it is has no entry; without a
    face, none has."""


class Degrader:
    """Puts pictures before the app's pipeline, as they are and damaged."""

    def __init__(self, settings: Settings, preparation: Preparation) -> None:
        """Build the pipeline.

        Raises:
            MienError: a part is missing or not whole.
        """
        self._system = PipelineSystem(settings)
        self._preparation = preparation

    def evaluate(self, sample: Sample) -> Outcome:
        """All answers for one picture."""
        rgb = prepare(sample.picture, self._preparation.scale, self._preparation.padding)
        said = self._system.predict(rgb)
        if said is None:
            return Outcome(Case(sample.label, None), {})
        damaged: dict[tuple[Reason, float], Case] = {}
        for reason, grades in GRADED.items():
            for level in grades.levels:
                picture = grades.apply(rgb, said.face.landmarks, level)
                if picture is not None:
                    again = self._system.predict(picture)
                    damaged[reason, level] = Case(sample.label, view(picture, again) if again else None)
        return Outcome(Case(sample.label, view(rgb, said)), damaged)

    def close(self) -> None:
        """Close the pipeline."""
        self._system.close()


def view(rgb: NDArray[np.uint8], said: FacePrediction) -> View:
    """What the app says of a face of a picture uint8 (H, W, 3), and what is measured of it."""
    landmarks = said.face.landmarks
    measured = {Reason.TURNED: reasons.turn(said.pose), Reason.SMALL: eye_distance(landmarks)}
    light = reasons.light(rgb, Box.around(landmarks))
    if light:
        measured |= {Reason.DARK: light.brightness, Reason.BLURRED: light.sharpness}
    return View(Answer.of(said), measured)


def benchmark(
    pictures: Pictures, settings: Settings, seed: int = 0, workers: int | None = None
) -> dict[str, Any]:
    """Score the app's pipeline on pictures with and without each reason.

    Args:
        pictures: what is read; they are prepared as the bundle records it.
        settings: of the app.
        seed: of the draw of ``pictures.number``.
        workers: processes; None: one for each usable core. The figures do not depend on it.

    Returns:
        The JSON result that ``docs/benchmarks.md`` describes, without ``command``.

    Raises:
        MienError: a part is missing, the bundle's labels do not fit the label set, or there is no picture.
    """
    load_before = os.getloadavg()[0]
    bundle = load_bundle(settings.bundle)
    classes = choose_classes(bundle.labels, pictures.label_set)
    preparation = Preparation(*bundle.preparation)
    skipped: list[str] = []
    left_out: list[str] = []
    samples = read_pictures(pictures, classes, seed, skipped, left_out)
    build = partial(Degrader, settings, preparation)
    outcomes = list(counted(work_through(samples, build, workers or usable_cores(), _LOOKS)))
    if not outcomes:
        raise DataError(nothing_left(pictures.data, pictures.truth))
    chosen = settings.expression.min_confidence
    _, warnings = _summarized([outcome.clean for outcome in outcomes], classes)
    return {
        "kind": "reasons",
        "schema": SCHEMA,
        "protocol": {
            "version": VERSION,
            "seed": seed,
            "thresholds": {
                "unsure": bundle.min_confidence if chosen is None else chosen,
                "turned": reasons.MAX_TURN,
                "small": reasons.MIN_EYE_DISTANCE,
                "dark": reasons.MIN_BRIGHTNESS,
                "blurred": reasons.MIN_SHARPNESS,
            },
        },
        **data_facts(
            *(pictures.data, pictures.split, pictures.mapping, pictures.truth), classes, skipped, left_out
        ),
        "pictures": pictures.number,
        "n": len(outcomes),
        "landmarks": settings.landmarks.backend,
        "preparation": asdict(preparation),
        **score(outcomes, classes),
        "warnings": warnings,
        "bundle": bundle_facts(bundle),
        "environment": describe(settings.landmarks, load_before),
    }


def score(outcomes: Sequence[Outcome], classes: Classes) -> dict[str, Any]:
    """``clean``, ``turned``, ``steps`` and ``summary`` of the JSON result; there must be an outcome."""
    clean = [outcome.clean for outcome in outcomes]
    return {
        "clean": _figures(clean, classes),
        "turned": [_bin(low, high, clean, classes) for low, high in pairwise(TURNS)],
        "steps": {
            str(reason): [_step(reason, level, outcomes, classes) for level in grades.levels]
            for reason, grades in GRADED.items()
        },
        "summary": {str(reason): _summary(reason, outcomes, classes) for reason in Reason},
    }


def _figures(cases: Sequence[Case], classes: Classes) -> dict[str, Any]:
    """Of any versions of pictures, also of none."""
    views = [case.view for case in cases if case.view]
    scores = _summarized(cases, classes)[0] if cases else {}
    return {
        "n": len(cases),
        **{key: scores.get(key) for key in ("coverage", "accuracy", "accuracy_found")},
        "reasons": {
            str(reason): sum(reason in view.answer.reasons for view in views) / len(views) if views else None
            for reason in Reason
        },
    }


def _bin(low: float, high: float, clean: Sequence[Case], classes: Classes) -> dict[str, Any]:
    """The faces of pictures as they are whose head is turned by ``low``…``high`` degrees."""

    def inside(view: View) -> bool:
        turn = view.measured[Reason.TURNED]
        return low < turn <= high or turn == low == 0

    faces = _faces(clean, inside)
    others = _faces(clean, lambda view: Reason.TURNED not in view.answer.reasons)
    return {
        "low": low,
        "high": high if isfinite(high) else None,
        **_group(faces, classes, True),
        "others_weighted": _weighted(others, faces, classes),
    }


def _step(reason: Reason, level: float, outcomes: Sequence[Outcome], classes: Classes) -> dict[str, Any]:
    """The pictures that one level was done to."""
    done = [outcome for outcome in outcomes if (reason, level) in outcome.damaged]
    cases = [outcome.damaged[reason, level] for outcome in done]
    before = _figures([outcome.clean for outcome in done], classes)["accuracy"]
    values = [case.view.measured.get(reason, inf) for case in cases if case.view]
    middle = median(values) if values else inf
    return {
        "level": level,
        **_figures(cases, classes),
        "accuracy_before": before,
        "measured": middle if isfinite(middle) else None,
    }


def _summary(reason: Reason, outcomes: Sequence[Outcome], classes: Classes) -> dict[str, Any]:
    """Faces with a reason against those without it; any damage may make a label unsure."""
    kinds = tuple(GRADED) if reason is Reason.UNSURE else (reason,)

    def sides(cases: Sequence[Case], independent: bool) -> dict[str, Any]:
        flagged = _faces(cases, lambda view: reason in view.answer.reasons)
        others = _faces(cases, lambda view: reason not in view.answer.reasons)
        return {
            "flagged": _group(flagged, classes, independent),
            "others": _group(others, classes, independent),
            "others_weighted": _weighted(others, flagged, classes),
        }

    steps = [case for outcome in outcomes for (kind, _), case in outcome.damaged.items() if kind in kinds]
    return {
        "clean": sides([outcome.clean for outcome in outcomes], True),
        "steps": None if reason is Reason.TURNED else sides(steps, False),
    }


def _faces(cases: Sequence[Case], belongs: Callable[[View], bool]) -> list[Case]:
    """The found ones of a group."""
    return [case for case in cases if case.view and belongs(case.view)]


def _group(faces: Sequence[Case], classes: Classes, independent: bool) -> dict[str, Any]:
    """How many are labelled rightly; where no two are of the same picture, with the 95 % interval."""
    accuracy = _figures(faces, classes)["accuracy"]
    group = {"n": len(faces), "accuracy": accuracy}
    if independent:
        group["interval"] = list(wilson(accuracy, len(faces))) if faces else None
    return group


def _weighted(faces: Sequence[Case], like: Sequence[Case], classes: Classes) -> float | None:
    """The accuracy of faces if their classes had the shares that they have in another group; None: that group
    is empty, or one of its classes is missing here."""
    if not faces or not like:
        return None
    wanted = Counter(classes.true(case.true) for case in like)
    recalls = {name: row["recall"] for name, row in _summarized(faces, classes)[0]["per_class"].items()}
    if any(recalls.get(name) is None for name in wanted):
        return None
    return sum(n * recalls[name] for name, n in wanted.items()) / len(like)


def _summarized(cases: Sequence[Case], classes: Classes) -> tuple[dict[str, Any], list[str]]:
    return summarize(
        [case.true for case in cases], [case.view and case.view.answer for case in cases], classes
    )
