"""The accuracy of a system on pictures that are noisy, blurred or covered, and with landmarks that are off.

The protocol is ``docs/reference/robustness-protocol.md``.
"""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy.classes import Classes, choose_classes
from benchmarks.accuracy.scores import headline, percent, summarize
from benchmarks.accuracy.subset import PictureReader, PictureSelection
from benchmarks.machine.environment import bundle_facts, describe
from benchmarks.robustness.corruption_error import REFERENCE, compare, differences, read_reference
from benchmarks.robustness.corruptions import LANDMARKS as OF_LANDMARKS
from benchmarks.robustness.corruptions import OCCLUSIONS, OF_FACES, OF_PICTURES, PADDING, SEVERITIES
from benchmarks.robustness.corruptions.pictures import SIDE
from benchmarks.systems.evaluator import EvaluationSetup, PictureAnswers, answer_each
from benchmarks.systems.system import Answer, PipelineSystem
from edge.build import load_bundle
from edge.core.errors import ConfigError
from edge.head.inputs import LANDMARKS
from edge.settings import Settings
from evaluation.report.page import number

SCHEMA = 1
"""Version of the JSON result."""
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
    seed: int = 0,
    reference: dict[str, Any] | None = None,
    workers: int | None = None,
) -> dict[str, Any]:
    """Score the app's own pipeline, without damage to landmarks where the bundle takes none.

    Args:
        pictures: which pictures.
        settings: settings of the app that pass ``benchmarks.systems.face_finders.check_regions``.
        names: names of the corruptions.
        seed: seed of the run.
        reference: another system's result.
        workers: number of processes; None: one for each usable core.

    Raises:
        MienError: see ``benchmark``.
    """
    bundle = load_bundle(settings.bundle)
    if not any(each.name == LANDMARKS.name for each in bundle.inputs):
        names = tuple(name for name in names if name not in OF_LANDMARKS)
        if not names:
            raise ConfigError(
                f"the bundle {bundle.name} takes no landmarks: damaged ones cannot be measured with it"
            )
    evaluation = EvaluationSetup(partial(PipelineSystem, settings), names, seed, settings.landmarks)
    facts = {
        "system": f"mien {bundle.name}",
        "landmarks": settings.landmarks.backend,
        "bundle": bundle_facts(bundle),
    }
    return benchmark(pictures, evaluation, facts, reference, workers)


def benchmark(
    pictures: PictureSelection,
    evaluation: EvaluationSetup,
    facts: dict[str, Any],
    reference: dict[str, Any] | None = None,
    workers: int | None = None,
) -> dict[str, Any]:
    """Score a system on damaged pictures.

    Args:
        pictures: which pictures.
        evaluation: the system and the corruptions; pictures are prepared as the protocol says.
        facts: ``system``, a name, and other facts that identify the system; part of the result.
        reference: another system's result.
        workers: number of processes; None: one for each usable core. The figures do not depend on it.

    Returns:
        The JSON result that ``docs/reference/benchmark-results.md`` describes, without ``command``.

    Raises:
        MienError: a model or a bundle is missing, the system's labels do not fit the label set, or there is
            no picture.
    """
    load_before = os.getloadavg()[0]
    system = evaluation.build_system()
    classes, threshold = choose_classes(system.labels, pictures.label_set), system.min_confidence
    system.close()
    reader = PictureReader(pictures, classes, evaluation.seed)
    outcomes = reader.outcomes(partial(answer_each, setup=evaluation, workers=workers))
    unplaced = sum(not outcome.located for outcome in outcomes)
    clean, corruptions, warnings = _score(outcomes, evaluation.names, classes, threshold)
    result = {
        "kind": "robustness",
        "schema": SCHEMA,
        "protocol": {"version": VERSION, "side": SIDE, "padding": PADDING, "seed": evaluation.seed},
        **reader.facts(),
        "pictures": pictures.number,
        "n": len(outcomes),
        "unplaced": unplaced if set(evaluation.names) & set(OCCLUSIONS) else None,
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
    warnings = _incomparable(result, reference)
    if reference is None or warnings or not _measured(result):
        return {"reference": None, **compare(result, None)}, warnings
    comparison = {"reference": reference["system"], **compare(result, reference)}
    n, relative_n = (_defined(comparison[key]) for key in ("ce", "relative_ce"))
    if min(n, relative_n) < len(OF_PICTURES):
        counts = f"the mCE is over {n}, the relative mCE over {relative_n}"
        warnings = [f"{counts} of {len(OF_PICTURES)} corruptions of pictures"]
    return comparison, warnings


def _incomparable(result: dict[str, Any], reference: dict[str, Any] | None) -> list[str]:
    """A sentence that says why there is no mCE although pictures were damaged, or nothing."""
    if not _measured(result):
        return []
    if reference is None:
        return ["no mCE: there is no reference result; name one with --reference"]
    different = ", ".join(differences(result, reference))
    if different:
        return [f"no mCE: the reference differs in {different}; measure both on the same pictures"]
    return []


def _measured(result: dict[str, Any]) -> bool:
    """Whether pictures were corrupted."""
    return any(name in OF_PICTURES for name in result["corruptions"])


def _defined(figures: dict[str, float | None]) -> int:
    return sum(value is not None for value in figures.values())


def table(result: dict[str, Any]) -> str:
    """The result as a table for people."""
    clean = result["clean"]
    lines = [
        f"{headline(result)}, {result['system']}, "
        f"seed {result['protocol']['seed']}; accuracy in %, a missed face is wrong",
        f"{'severity':<15}"
        + "".join(f"{severity:>7}" for severity in SEVERITIES)
        + "  coverage 5   ECE 3  unsure 3",
        f"{'clean':<15}{100 * clean['accuracy']:7.1f}" + " " * 28 + _rest(clean, clean),
    ]
    for name, severities in result["corruptions"].items():
        figures = "".join(f"{100 * scores['accuracy']:7.1f}" for scores in severities.values())
        lines.append(f"{name:<15}{figures}{_rest(severities['5'], severities['3'])}")
    lines.append(f"mean accuracy of damaged pictures  {percent(result['mean_accuracy'])}")
    if result["unplaced"]:
        lines.append(f"pictures not covered               {result['unplaced']}   no face found to cover")
    if result["mce"] is not None:
        lines.append(f"mCE against {result['reference']:<22} {result['mce']:.1f}")
        lines.append(f"relative mCE                       {number(result['relative_mce'], '.1f')}")
    return "\n".join(lines)


def _rest(worst: dict[str, Any], middle: dict[str, Any]) -> str:
    ece, abstentions = number(middle["ece"], ".3f"), percent(middle["abstentions"])
    return f"{percent(worst['coverage']):>12}{ece:>8}{abstentions:>10}"
