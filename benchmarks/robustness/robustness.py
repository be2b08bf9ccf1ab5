"""The accuracy of a system on pictures that are noisy, blurred or covered, and with landmarks that are off.

The protocol is ``docs/reference/robustness-protocol.md``.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy.classes import Classes, choose_classes
from benchmarks.accuracy.scores import summarize
from benchmarks.accuracy.subset import PictureReader, PictureSelection
from benchmarks.machine.environment import bundle_facts, describe
from benchmarks.report.kinds import head
from benchmarks.robustness.corruption_error import REFERENCE, compare, differences, read_reference
from benchmarks.systems.evaluator import EvaluationSetup, Evaluator, PictureAnswers
from benchmarks.systems.system import Answer, PipelineSystem, System
from edge.build import load_bundle
from edge.core.errors import ConfigError
from edge.head.inputs import LANDMARKS
from edge.settings import LandmarkSettings, Settings
from evaluation.corruptions import LANDMARKS as OF_LANDMARKS
from evaluation.corruptions import OCCLUSIONS, OF_FACES, OF_PICTURES, PADDING, SEVERITIES
from evaluation.corruptions.pictures import SIDE

VERSION = 1
"""Version of the protocol: a new one whenever the same system would get other figures."""
NAMES = (*OF_PICTURES, *OF_FACES)
"""Names of all corruptions."""

_KEYS = ("n", "coverage", "accuracy", "accuracy_found", "ece")


def choose_names(text: str | None) -> tuple[str, ...]:
    """The corruptions that a flag names, separated by commas; None: all of them.

    Raises:
        ConfigError: there is no such corruption.
    """
    chosen = NAMES if text is None else tuple(name.strip() for name in text.split(","))
    for name in chosen:
        if name not in NAMES:
            raise ConfigError(f"no corruption {name!r}: choose from {', '.join(NAMES)}")
    return tuple(name for name in NAMES if name in chosen)


def find_reference(path: Path | None) -> dict[str, Any] | None:
    """The reference in ``path``; None: the one that comes with the program, where it does.

    Raises:
        DataError: there is no such file, or it is something else.
    """
    if path is None and not REFERENCE.is_file():
        return None
    return read_reference(path or REFERENCE)


def benchmark_pipeline(
    pictures: PictureSelection,
    settings: Settings,
    names: tuple[str, ...],
    reference: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Score the app's own pipeline, without damage to landmarks where the bundle takes none.

    See ``benchmark``; ``settings`` must pass ``benchmarks.systems.face_finders.check_regions``.

    Raises:
        ConfigError: no corruption is left.
        MienError: see ``benchmark``.
    """
    bundle = load_bundle(settings.bundle)
    if not any(each.name == LANDMARKS.name for each in bundle.inputs):
        names = tuple(name for name in names if name not in OF_LANDMARKS)
        if not names:
            raise ConfigError(
                f"the bundle {bundle.name} takes no landmarks: damaged ones cannot be measured with it"
            )
    facts = {
        "system": f"mien {bundle.name}",
        "landmarks": settings.landmarks.backend,
        "bundle": bundle_facts(bundle),
    }
    build = partial(PipelineSystem, settings)
    return benchmark(pictures, build, names, facts, reference, settings.landmarks)


def benchmark(
    pictures: PictureSelection,
    build_system: Callable[[], System],
    names: tuple[str, ...],
    facts: dict[str, Any],
    reference: dict[str, Any] | None = None,
    locator: LandmarkSettings | None = None,
) -> dict[str, Any]:
    """Score a system on damaged pictures, prepared as the protocol says.

    Args:
        pictures: which pictures.
        build_system: see ``EvaluationSetup``, as for ``names`` and ``locator``.
        names: names of the corruptions.
        facts: ``system``, a name, and other facts that identify the system; part of the result.
        reference: another system's result.
        locator: default: the app's default settings.

    Raises:
        MienError: a model or a bundle is missing, the system's labels do not fit the label set, or there is
            no picture.
    """
    load_before = os.getloadavg()[0]
    with closing(build_system()) as system:
        classes, threshold = choose_classes(system.labels, pictures.label_set), system.min_confidence
    evaluation = EvaluationSetup(build_system, names, pictures.seed, locator or LandmarkSettings())
    reader = PictureReader(pictures, classes)
    outcomes = reader.outcomes(partial(Evaluator, evaluation))
    unplaced = sum(not outcome.located for outcome in outcomes)
    clean, corruptions, warnings = _score(outcomes, names, classes, threshold)
    result = {
        **head("robustness"),
        "protocol": {"version": VERSION, "side": SIDE, "padding": PADDING, "seed": pictures.seed},
        **reader.facts(),
        "pictures": pictures.number,
        "n": len(outcomes),
        "unplaced": unplaced if set(names) & set(OCCLUSIONS) else None,
        "min_confidence": threshold,
        "clean": clean,
        "corruptions": corruptions,
        "mean_accuracy": _mean_accuracy(corruptions),
        **facts,
    }
    comparison, more = _compare(result, reference)
    environment = describe(evaluation.locator, load_before)
    return {**result, **comparison, "warnings": warnings + more, "environment": environment}


def _score(
    outcomes: Sequence[PictureAnswers], names: tuple[str, ...], classes: Classes, threshold: float
) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Figures of the clean pictures, and corruption → severity → figures; and warnings."""
    emotions = [outcome.true for outcome in outcomes]
    clean, warnings = _case(emotions, [outcome.answer for outcome in outcomes], classes, threshold)
    figures = (_case(emotions, answers, classes, threshold)[0] for answers in _damaged(outcomes))
    corruptions = {name: {str(severity): next(figures) for severity in SEVERITIES} for name in names}
    return clean, corruptions, warnings


def _damaged(outcomes: Sequence[PictureAnswers]) -> Iterator[list[Answer | None]]:
    """The answers to all pictures, under each severity of each corruption."""
    for rows in np.stack([outcome.damaged for outcome in outcomes], axis=1):
        yield [None if np.isnan(row[0]) else Answer(row) for row in rows]


def _case(
    emotions: Sequence[str], answers: Sequence[Answer | None], classes: Classes, threshold: float
) -> tuple[dict[str, Any], list[str]]:
    """Figures of one severity of one corruption."""
    scores, warnings = summarize(emotions, answers, classes)
    given = [answer.probabilities for answer in answers if answer]
    abstentions = float((np.stack(given).max(axis=1) < threshold).mean()) if given else None
    return {**{key: scores[key] for key in _KEYS}, "abstentions": abstentions}, warnings


def _mean_accuracy(corruptions: dict[str, Any]) -> float | None:
    """Mean accuracy over the corruptions of pictures and their severities; None without any."""
    figures = [scores["accuracy"] for name in OF_PICTURES for scores in corruptions.get(name, {}).values()]
    return sum(figures) / len(figures) if figures else None


def _compare(result: dict[str, Any], reference: dict[str, Any] | None) -> tuple[dict[str, Any], list[str]]:
    """The result of ``corruption_error.compare`` with the name of the reference; and warnings."""
    nothing = {"reference": None, **compare(result, None)}
    if not any(name in OF_PICTURES for name in result["corruptions"]):
        return nothing, []
    if reference is None:
        return nothing, ["no mCE: there is no reference result; name one with --reference"]
    if different := ", ".join(differences(result, reference)):
        return nothing, [f"no mCE: the reference differs in {different}; measure both on the same pictures"]
    comparison = {"reference": reference["system"], **compare(result, reference)}
    n, relative_n = (
        sum(value is not None for value in comparison[key].values()) for key in ("ce", "relative_ce")
    )
    if min(n, relative_n) == len(OF_PICTURES):
        return comparison, []
    counts = f"the mCE is over {n}, the relative mCE over {relative_n}"
    return comparison, [f"{counts} of {len(OF_PICTURES)} corruptions of pictures"]
