"""Whether labels are less often right where a face has a reason, by the thresholds of ``edge.head.reasons``.

Labelled pictures go through the app's pipeline as they are, then smaller, darker and more blurred, step by
step. A head cannot be turned in a picture: there the pictures as they are stand in bins of their angle.
"""

import os
from collections import Counter
from collections.abc import Sequence
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
from benchmarks.accuracy.scores import summarize
from benchmarks.accuracy.subset import PictureReader, PictureSelection
from benchmarks.machine.environment import bundle_facts, describe
from benchmarks.reasons.graded import GRADED
from benchmarks.report.kinds import head
from benchmarks.systems.system import Answer, PipelineSystem
from edge.build import load_bundle
from edge.core.types import Box, FacePrediction, Reason
from edge.head import reasons
from edge.settings import Settings
from evaluation import Preparation, Sample, prepare
from evaluation.corruptions.occlusions import eye_distance

VERSION = 1
"""Version of the protocol: a new one whenever the same bundle would get other figures."""
TURNS = (0.0, 10.0, 20.0, 30.0, inf)
"""Bounds of the bins of the head's turn, degrees; a bin holds its upper bound."""


class Case(NamedTuple):
    """One version of a picture, as it is or damaged."""

    true: str
    """The emotion that the picture shows."""
    answer: Answer | None
    """The answer to its first face; None: no face found."""
    measured: dict[Reason, float]
    """The values of the face that the thresholds judge; those of light and sharpness are missing beside the
    picture."""


class PictureCases(NamedTuple):
    """All versions of one picture."""

    clean: Case
    """The picture as it is."""
    damaged: dict[tuple[Reason, float], Case]
    """The damaged versions, by kind and level of the damage. A level that the face does not reach even as it
    is has no entry; without a face there is none at all."""


class GradedEvaluator:
    """Asks the app's pipeline about pictures, as they are and damaged in steps."""

    answers = 1 + sum(len(grades.levels) for grades in GRADED.values())

    def __init__(self, settings: Settings, preparation: Preparation) -> None:
        """Build the pipeline.

        Raises:
            MienError: a model or a bundle is missing or damaged.
        """
        self._system = PipelineSystem(settings)
        self._preparation = preparation

    def evaluate(self, sample: Sample) -> PictureCases:
        """All versions of one picture, each with the pipeline's answer."""
        rgb = prepare(sample.picture, self._preparation.scale, self._preparation.padding)
        prediction = self._system.predict(rgb)
        outcome = PictureCases(measure(sample.label, rgb, prediction), {})
        if prediction is None:
            return outcome
        for reason, grades in GRADED.items():
            for level in grades.levels:
                picture = grades.apply(rgb, prediction.face.landmarks, level)
                if picture is not None:
                    again = self._system.predict(picture)
                    outcome.damaged[reason, level] = measure(sample.label, picture, again)
        return outcome

    def close(self) -> None:
        """Close the pipeline."""
        self._system.close()


def measure(true: str, rgb: NDArray[np.uint8], prediction: FacePrediction | None) -> Case:
    """The case of a picture, uint8 (H, W, 3), of an emotion, and of the prediction for its first face."""
    if prediction is None:
        return Case(true, None, {})
    landmarks = prediction.face.landmarks
    measured = {Reason.TURNED: reasons.turn(prediction.pose), Reason.SMALL: eye_distance(landmarks)}
    light = reasons.light(rgb, Box.around(landmarks))
    if light:
        measured |= {Reason.DARK: light.brightness, Reason.BLURRED: light.sharpness}
    return Case(true, Answer.of(prediction), measured)


def benchmark(pictures: PictureSelection, settings: Settings) -> dict[str, Any]:
    """Score the app's pipeline on pictures, prepared as the bundle records it, with and without each reason.

    Raises:
        MienError: a model or a bundle is missing, the bundle's labels do not fit the label set, or there is
            no picture.
    """
    load_before = os.getloadavg()[0]
    bundle = load_bundle(settings.bundle)
    classes = choose_classes(bundle.labels, pictures.label_set)
    preparation = Preparation(*bundle.preparation)
    reader = PictureReader(pictures, classes)
    outcomes = reader.outcomes(partial(GradedEvaluator, settings, preparation))
    chosen = settings.expression.min_confidence
    _, warnings = _summarized([outcome.clean for outcome in outcomes], classes)
    return {
        **head("reasons"),
        "protocol": {
            "version": VERSION,
            "seed": pictures.seed,
            "thresholds": {
                "unsure": bundle.min_confidence if chosen is None else chosen,
                "turned": reasons.MAX_TURN,
                "small": reasons.MIN_EYE_DISTANCE,
                "dark": reasons.MIN_BRIGHTNESS,
                "blurred": reasons.MIN_SHARPNESS,
            },
        },
        **reader.facts(),
        "pictures": pictures.number,
        "n": len(outcomes),
        "landmarks": settings.landmarks.backend,
        "preparation": asdict(preparation),
        **score(outcomes, classes),
        "warnings": warnings,
        "bundle": bundle_facts(bundle),
        "environment": describe(settings.landmarks, load_before),
    }


def score(outcomes: Sequence[PictureCases], classes: Classes) -> dict[str, Any]:
    """``clean``, ``turned``, ``steps`` and ``summary`` of the JSON result, of at least one picture."""
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
    """The figures of some versions of pictures; there may be none."""
    found = [case.answer.reasons for case in cases if case.answer]
    scores = _summarized(cases, classes)[0] if cases else {}
    return {
        "n": len(cases),
        **{key: scores.get(key) for key in ("coverage", "accuracy", "accuracy_found")},
        "reasons": {
            str(reason): sum(reason in each for each in found) / len(found) if found else None
            for reason in Reason
        },
    }


def _bin(low: float, high: float, clean: Sequence[Case], classes: Classes) -> dict[str, Any]:
    """The figures of faces in pictures as they are whose head is turned by ``low``…``high`` degrees."""

    def inside(case: Case) -> bool:
        turn = case.measured[Reason.TURNED]
        return low < turn <= high or turn == low == 0

    found, (_, others) = [case for case in clean if case.answer], _sides(clean, Reason.TURNED)
    faces = [case for case in found if inside(case)]
    return {
        "low": low,
        "high": high if isfinite(high) else None,
        **_group(faces, classes, True),
        "others_weighted": _weighted(others, faces, classes),
    }


def _step(reason: Reason, level: float, outcomes: Sequence[PictureCases], classes: Classes) -> dict[str, Any]:
    """The figures of the pictures that were damaged to one level."""
    done = [outcome for outcome in outcomes if (reason, level) in outcome.damaged]
    cases = [outcome.damaged[reason, level] for outcome in done]
    before = _figures([outcome.clean for outcome in done], classes)["accuracy"]
    values = [case.measured.get(reason, inf) for case in cases if case.answer]
    middle = median(values) if values else inf
    return {
        "level": level,
        **_figures(cases, classes),
        "accuracy_before": before,
        "measured": middle if isfinite(middle) else None,
    }


def _summary(reason: Reason, outcomes: Sequence[PictureCases], classes: Classes) -> dict[str, Any]:
    """The figures of faces with a reason and of those without it; any damage may make a label unsure."""
    kinds = tuple(GRADED) if reason is Reason.UNSURE else (reason,)

    def sides(cases: Sequence[Case], independent: bool) -> dict[str, Any]:
        flagged, others = _sides(cases, reason)
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


def _sides(cases: Sequence[Case], reason: Reason) -> tuple[list[Case], list[Case]]:
    """The cases whose face is found, with the reason and without it."""
    found = [(case, reason in case.answer.reasons) for case in cases if case.answer]
    return [case for case, flagged in found if flagged], [case for case, flagged in found if not flagged]


def _group(faces: Sequence[Case], classes: Classes, independent: bool) -> dict[str, Any]:
    """Number and accuracy of faces, and the 95 % interval where no two of them are of the same picture."""
    accuracy = _figures(faces, classes)["accuracy"]
    group = {"n": len(faces), "accuracy": accuracy}
    if independent:
        group["interval"] = list(wilson(accuracy, len(faces))) if faces else None
    return group


def _weighted(faces: Sequence[Case], like: Sequence[Case], classes: Classes) -> float | None:
    """The accuracy that faces would have with the class shares of the group ``like``; None: one of the groups
    is empty, or a class of ``like`` is missing in ``faces``."""
    if not faces or not like:
        return None
    wanted = Counter(classes.true(case.true) for case in like)
    recalls = {name: row["recall"] for name, row in _summarized(faces, classes)[0]["per_class"].items()}
    if any(recalls.get(name) is None for name in wanted):
        return None
    return sum(n * recalls[name] for name, n in wanted.items()) / len(like)


def _summarized(cases: Sequence[Case], classes: Classes) -> tuple[dict[str, Any], list[str]]:
    return summarize([case.true for case in cases], [case.answer for case in cases], classes)
