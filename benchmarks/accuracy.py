"""How often the label is right: any bundle on any labelled pictures, from picture to label."""

import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.classes import Classes, choose_classes, with_truth
from benchmarks.environment import Watch, bundle_facts, describe, usable_cores
from benchmarks.scoring import Outcome, Protocol, score_all
from edge.build import load_bundle
from edge.core.errors import DataError
from edge.data import Preparation, fingerprint, metrics, read_dataset
from edge.settings import Settings

SCHEMA = 1
"""Version of the result."""

T = TypeVar("T")

MESSAGES = 20
"""Skipped rows that are named in a result."""


def make_protocol(
    settings: Settings,
    scale: float | None,
    padding: float | None,
    assume_face: bool,
    label_set: int | None = None,
    truth: str = "label",
) -> Protocol:
    """What is not given is what the bundle was trained with.

    Raises:
        ConfigError: a value out of range.
        BundleError: no such bundle, or it is not whole.
    """
    own_scale, own_padding = load_bundle(settings.bundle).preparation
    preparation = Preparation(
        own_scale if scale is None else scale, own_padding if padding is None else padding
    )
    return Protocol(settings, preparation, assume_face, label_set, truth)


def benchmark(
    data: Path,
    split: str | None,
    protocol: Protocol,
    workers: int | None = None,
    mapping: Path | None = None,
) -> dict[str, Any]:
    """Score the pictures of a data set.

    Args:
        data: see ``edge.data.read_dataset``.
        split: only this part; None: all of it.
        workers: processes; None: one for each usable core.
        mapping: names of class folders, see ``edge.data.mapping``.

    Returns:
        The JSON result that ``docs/benchmarks.md`` describes, without ``command``.

    Raises:
        FerError: a part is missing, the bundle's labels do not fit the label set, or the data has no
            usable picture in ``split``.
    """
    watch = Watch()
    bundle = load_bundle(protocol.settings.bundle)
    classes = choose_classes(bundle.labels, protocol.label_set)
    skipped: list[str] = []
    left_out: list[str] = []
    samples = read_dataset(data, split, on_bad=lambda message: skip(message, skipped), mapping=mapping)
    samples = with_truth(samples, protocol.truth, classes, left_out)
    outcomes = list(counted(score_all(samples, protocol, workers or usable_cores())))
    if not outcomes:
        raise DataError(nothing_left(data, protocol.truth))
    scores, warnings = summarize(outcomes, classes)
    return {
        "kind": "accuracy",
        "schema": SCHEMA,
        "data": {"file": data.name, "sha256": fingerprint(data, mapping).sha256},
        "split": split,
        "landmarks": protocol.settings.landmarks.backend,
        "truth": protocol.truth,
        "labels": list(classes.names),
        **scores,
        "left_out": len(left_out),
        "skipped": len(skipped),
        "skipped_rows": skipped[:MESSAGES],
        "preparation": asdict(protocol.preparation),
        "assume_face": protocol.assume_face,
        "warnings": warnings,
        "bundle": bundle_facts(bundle),
        "environment": describe(protocol.settings.landmarks, watch.load_before),
    }


def summarize(outcomes: list[Outcome], classes: Classes) -> tuple[dict[str, Any], list[str]]:
    """Metrics over the classes and those that only the data has; and warnings."""
    names = [classes.of_emotion[outcome.true] or outcome.true for outcome in outcomes]
    unknown = sorted(set(names) - set(classes.names))
    every = [*classes.names, *unknown]
    true = np.array([every.index(name) for name in names], np.int64)
    answers = [
        None if outcome.probabilities is None else classes.probabilities(outcome.probabilities)
        for outcome in outcomes
    ]
    predicted = np.array([metrics.MISSED if p is None else p.argmax() for p in answers], np.int64)
    confidence = np.array([0.0 if p is None else p.max() for p in answers])
    found = np.array([outcome.found for outcome in outcomes])
    scores = metrics.report(every, true, predicted, confidence, found)
    warnings = [
        f"the bundle does not know {name}: {scores['per_class'][name]['n']} pictures of it count as wrong"
        for name in unknown
    ]
    return scores, warnings


def nothing_left(data: Path, truth: str) -> str:
    """Why there is nothing to score; ``truth`` as in ``Protocol``."""
    votes = "a clear majority of FER+ votes (fer2013new.csv beside it)"
    wanted = votes if truth == "votes" else "an emotion of these classes"
    return f"{data} has no picture to score: expected some with {wanted}; choose other --truth or --labels"


def skip(message: str, skipped: list[str]) -> None:
    """Note a bad row: on stderr, and in ``skipped``."""
    print(f"skipped: {message}", file=sys.stderr)
    skipped.append(message)


def counted(outcomes: Iterator[T]) -> Iterator[T]:
    """Pass the outcomes on, and count them on a terminal, twice a second."""
    started = shown = time.monotonic()
    if not sys.stderr.isatty():
        yield from outcomes
        return
    number = 0
    for number, outcome in enumerate(outcomes, start=1):
        yield outcome
        now = time.monotonic()
        if now - shown > 0.5:
            shown = now
            rate = number / (now - started)
            print(f"\r{number} pictures, {rate:.0f}/s ", end="", file=sys.stderr, flush=True)
    print(f"\r{number} pictures in {time.monotonic() - started:.0f} s", file=sys.stderr)


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    preparation = result["preparation"]
    data = " ".join(filter(None, (result["data"]["file"], result["split"])))
    lines = [
        f"{data}: {result['n']} pictures, {result['skipped']} skipped, {result['left_out']} left out, "
        f"truth {result['truth']}, {len(result['labels'])} classes, landmarks {result['landmarks']}, "
        f"bundle {result['bundle']['name']}, scale {preparation['scale']:g}, "
        f"padding {preparation['padding']:g}"
        f"{', face assumed where none was found' if result['assume_face'] else ''}",
        f"accuracy          {percent(result['accuracy'])}   a missed face is wrong",
        f"  where found     {percent(result['accuracy_found'])}",
        f"coverage          {percent(result['coverage'])}",
        f"selective at 60 % {percent(result['selective']['0.6'])}   of the most confident of all pictures",
        f"macro F1          {percent(result['macro_f1'])}",
        f"ECE               {decimal(result['ece'])}",
        f"{'class':<12} {'precision':>9} {'recall':>8} {'F1':>8} {'coverage':>8} {'n':>7}",
    ]
    for name, row in result["per_class"].items():
        ratios = " ".join(f"{percent(row[key]):>8}" for key in ("recall", "f1", "coverage"))
        lines.append(f"{name:<12} {percent(row['precision']):>9} {ratios} {row['n']:>7}")
    columns = result["confusion"]["columns"]
    lines.append(f"{'true, given':<12} " + " ".join(f"{name[:8]:>8}" for name in columns))
    for name, counts in zip(result["confusion"]["rows"], result["confusion"]["counts"], strict=True):
        lines.append(f"{name:<12} " + " ".join(f"{count:>8}" for count in counts))
    return "\n".join(lines)


def decimal(value: float | None) -> str:
    """``0.123``, or a dash."""
    return "–" if value is None else f"{value:.3f}"


def percent(value: float | None) -> str:
    """``12.3 %``, or a dash."""
    return "–" if value is None else f"{100 * value:.1f} %"
