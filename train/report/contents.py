"""What stands in the report, block by block."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from train.page import Block, Heading, Picture, Pictures, Plot, Table, Text
from train.report import plots, samples
from train.report.results import SplitResult

_PROTOCOL = (
    "A picture in which no face was found is a wrong answer in accuracy, recall and F1; precision does not "
    "count it. The validation rows were kept out of the training and chose the epoch, the temperature of the "
    "probabilities and the threshold of LOW_CONFIDENCE where the settings do not fix them. The other splits "
    "were looked at once, after that. "
    "These are figures of the float network"
)
_TERMS = (
    "Most confident 60 %: accuracy among those of all pictures. ECE: mean distance of confidence and "
    "accuracy, found faces only. AURC: error rate, averaged over every share of the most confident pictures."
)
_ORIGIN = ("labels", "landmarks", "rows", "best_epoch", "temperature", "min_confidence", "seconds")
"""What ``info`` has about data and protocol; all the rest is listed at the end."""
_LONG = ("landmark_models", "versions")  # of the landmarks, not for people


@dataclass(frozen=True, slots=True)
class Run:
    """All that the report is made from."""

    info: dict[str, Any]
    history: list[dict[str, float]]
    splits: list[SplitResult]
    scores: list[dict[str, Any]]
    """``SplitResult.scores`` and ``name`` of each split."""
    int8: dict[str, Any] | None = None
    """``parity``: figures by name; ``scores``: split → scores of the int8 model."""
    pictures: dict[str, bytes] = field(default_factory=dict)
    """Name → PNG."""


def contents(run: Run) -> list[Block]:
    """The whole report."""
    int8 = run.int8
    origin = {key: run.info[key] for key in _ORIGIN if key in run.info}
    if isinstance(origin.get("landmarks"), dict):
        origin["landmarks"] = {k: v for k, v in origin["landmarks"].items() if k not in _LONG}
    rest = {key: value for key, value in run.info.items() if key not in _ORIGIN}
    blocks: list[Block] = [
        Heading(1, "Training report"),
        _overview(run.scores),
        Text(_PROTOCOL + ("; int8 is set against it below." if int8 else "; convert reports int8.")),
        Text(_TERMS),
        Heading(2, "Data and protocol"),
        _facts(origin),
    ]
    if run.history:
        blocks.append(Heading(2, "Learning curves"))
        for word in ("loss", "accuracy"):
            figure = plots.learning_curve(run.history, word, run.info.get("best_epoch"))
            blocks.append(Plot(f"curves-{word}.png", figure, f"{word.capitalize()} of each epoch"))
    for number, (split, scores) in enumerate(zip(run.splits, run.scores, strict=True), start=1):
        blocks += _split(number, split, scores, run)
    if int8:
        blocks += _int8(int8, run.scores)
    return [*blocks, Heading(2, "Settings and versions"), _facts(rest)]


def percent(value: float | None) -> str:
    """A ratio for people; – where it is undefined."""
    return "–" if value is None else f"{value:.2%}"


def decimal(value: float | None) -> str:
    """Three digits; – where it is undefined."""
    return "–" if value is None else f"{value:.3f}"


def _overview(splits: list[dict[str, Any]]) -> Table:
    columns = ["split", "pictures", "faces found", "accuracy", "of found faces", "most confident 60 %"]
    rows = [
        [
            scores["name"],
            str(scores["n"]),
            percent(scores["coverage"]),
            percent(scores["accuracy"]),
            percent(scores["accuracy_found"]),
            percent(scores["selective"]["0.6"]),
            *(decimal(scores[key]) for key in ("macro_f1", "ece", "aurc")),
        ]
        for scores in splits
    ]
    return Table([*columns, "macro F1", "ECE", "AURC"], rows)


def _split(number: int, split: SplitResult, scores: dict[str, Any], run: Run) -> Iterator[Block]:
    threshold = run.info.get("min_confidence")
    file = f"{number}-{re.sub(r'[^A-Za-z0-9_.-]', '_', split.name)[:60]}.png"  # splits may be called anything
    yield Heading(2, split.name)
    yield Heading(3, "Classes")
    yield Table(
        ["class", "n", "found", "precision", "recall", "F1"],
        [
            [label, str(row["n"]), percent(row["coverage"])]
            + [decimal(row[key]) for key in ("precision", "recall", "f1")]
            for label, row in scores["per_class"].items()
        ],
    )
    yield Heading(3, "Confusion matrix")
    yield Text("Rows: true class. Columns: answer. Where there is colour, it is the share of the row.")
    counts = np.array(scores["confusion"]["counts"])
    yield Table(
        ["true, given", *scores["confusion"]["columns"]],
        [
            [name, *map(str, row)]
            for name, row in zip(scores["confusion"]["rows"], counts.tolist(), strict=True)
        ],
        (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).tolist(),
    )
    yield Heading(3, "Confidence")
    if threshold is not None:
        yield Text(_answered(split, threshold))
    shares = scores["selective"]
    yield Table(
        ["most confident of all pictures", *(f"{float(share):.0%}" for share in shares)],
        [["accuracy", *map(percent, shares.values())]],
    )
    text = f"{split.name}: accuracy of the found faces over the probability of their label, and their number"
    yield Plot(f"reliability-{file}", plots.reliability(scores["reliability"]), text)
    text = f"{split.name}: accuracy (1 − risk) over coverage; dashed: what is answered above LOW_CONFIDENCE"
    yield Plot(f"coverage-{file}", plots.risk_coverage(split, threshold), text)
    yield from _pictures(split, list(scores["per_class"]), run.pictures)


def _answered(split: SplitResult, threshold: float) -> str:
    sure = split.sure(threshold)
    right = f", {split.correct[sure].mean():.1%} of them right" if sure.any() else ""
    return (
        f"Answers below a confidence of {threshold:.3f} get the status LOW_CONFIDENCE: "
        f"{sure.mean():.1%} of all pictures are above it{right}."
    )


def _pictures(split: SplitResult, labels: list[str], pictures: dict[str, bytes]) -> Iterator[Block]:
    for kind, rows in samples.choose(split).items():
        named = [(row, str(split.names[row])) for row in rows]
        shown = [
            Picture(pictures[name], name, f"true {labels[split.true[row]]}, {_given(split, row, labels)}")
            for row, name in named
            if name in pictures
        ]
        if shown:
            yield Pictures(kind, shown)


def _given(split: SplitResult, row: int, labels: list[str]) -> str:
    if not split.found[row]:
        return "no face found"
    return f"predicted {labels[split.predicted[row]]}, {split.confidence[row]:.0%}"


def _int8(int8: dict[str, Any], splits: list[dict[str, Any]]) -> Iterator[Block]:
    yield Heading(2, "int8 against float")
    yield Text("The quantized network of the bundle beside the float network that it was made from.")
    if int8.get("parity"):
        yield _facts(int8["parity"])
    by_float = {scores["name"]: scores for scores in splits}
    figures = (("accuracy", percent), ("macro_f1", decimal), ("ece", decimal))
    rows = [
        [f"{name}, {kind}", *(show(scores.get(key)) for key, show in figures)]
        for name, of_int8 in int8.get("scores", {}).items()
        for kind, scores in (("float", by_float.get(name, {})), ("int8", of_int8))
    ]
    if rows:
        yield Table(["split", "accuracy", "macro F1", "ECE"], rows)


def _facts(values: dict[str, Any]) -> Table:
    return Table(["", ""], [[name, text] for name, text in _flat(values)])


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        name = prefix + str(key).replace("_", " ")
        if isinstance(value, dict):
            yield from _flat(value, f"{name}, ")
        elif isinstance(value, list | tuple) and any(isinstance(entry, dict) for entry in value):
            yield from _flat(
                {f"{key} {number}": entry for number, entry in enumerate(value, start=1)}, prefix
            )
        elif isinstance(value, list | tuple):
            yield name, ", ".join(map(str, value)) or "none"
        else:
            yield name, f"{value:.6g}" if isinstance(value, float) else str(value)
