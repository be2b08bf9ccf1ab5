"""The contents of the training report, block by block."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation import calibration
from evaluation.report.figures import INK, new_figure, reliability, risk_coverage
from evaluation.report.page import Block, Heading, Picture, Pictures, Plot, Table, Text, number
from train.report import samples
from train.report.results import SplitResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PROTOCOL = (
    "A picture in which no face was found counts as a wrong answer in accuracy, recall and F1; precision "
    "does not count it. The validation rows were kept out of the training. They chose the epoch, the "
    "temperature of the probabilities and the threshold of LOW_CONFIDENCE, unless the settings fix them. The "
    "other splits were evaluated once, after that. These are the figures of the float network"
)
_TERMS = (
    "Most confident 60 %: accuracy among the most confident 60 % of all pictures. ECE: mean distance of "
    "confidence and accuracy, found faces only. AURC: error rate, averaged over every share of the most "
    "confident pictures."
)
_ORIGIN = ("labels", "landmarks", "rows", "best_epoch", "temperature", "min_confidence", "seconds")
"""Keys of ``info`` about data and protocol; the others are listed at the end."""
_EXCLUDED = ("landmark_models", "versions")
"""Keys of ``landmarks`` in ``info`` that are long and not for people."""
_CURVE_POINTS = 400
"""Most points of a curve that are drawn."""


@dataclass(frozen=True, slots=True)
class ReportInput:
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


def contents(run: ReportInput) -> list[Block]:
    """All blocks of the report."""
    int8 = run.int8
    origin = {key: run.info[key] for key in _ORIGIN if key in run.info}
    if isinstance(origin.get("landmarks"), dict):
        origin["landmarks"] = {k: v for k, v in origin["landmarks"].items() if k not in _EXCLUDED}
    rest = {key: value for key, value in run.info.items() if key not in _ORIGIN}
    blocks: list[Block] = [
        Heading(1, "Training report"),
        _overview(run.scores),
        Text(f"{_PROTOCOL}; {'below, int8 is compared with it' if int8 else 'convert reports int8'}."),
        Text(_TERMS),
        Heading(2, "Data and protocol"),
        _facts(origin),
    ]
    if run.history:
        blocks.append(Heading(2, "Learning curves"))
        for word in ("loss", "accuracy"):
            draw = partial(_learning_curve, run.history, word, run.info.get("best_epoch"))
            caption = f"{word.capitalize()} of each epoch"
            blocks.append(Plot(draw, caption, file=f"curves-{word}.png"))
    for place, (split, scores) in enumerate(zip(run.splits, run.scores, strict=True), start=1):
        blocks += _split(place, split, scores, run)
    if int8:
        blocks += _int8(int8, run.scores)
    return [*blocks, Heading(2, "Settings and versions"), _facts(rest)]


def _percent(value: float | None) -> str:
    return number(value, ".2%")


def _decimal(value: float | None) -> str:
    return number(value, ".3f")


def _overview(splits: list[dict[str, Any]]) -> Table:
    columns = ["split", "pictures", "faces found", "accuracy", "of found faces", "most confident 60 %"]
    rows = [
        [
            scores["name"],
            str(scores["n"]),
            _percent(scores["coverage"]),
            _percent(scores["accuracy"]),
            _percent(scores["accuracy_found"]),
            _percent(scores["selective"]["0.6"]),
            *(_decimal(scores[key]) for key in ("macro_f1", "ece", "aurc")),
        ]
        for scores in splits
    ]
    return Table([*columns, "macro F1", "ECE", "AURC"], rows)


def _split(place: int, split: SplitResult, scores: dict[str, Any], run: ReportInput) -> Iterator[Block]:
    threshold = run.info.get("min_confidence")
    file = f"{place}-{re.sub(r'[^A-Za-z0-9_.-]', '_', split.name)[:60]}.png"  # splits may be called anything
    yield Heading(2, split.name)
    yield Heading(3, "Classes")
    yield Table(
        ["class", "n", "found", "precision", "recall", "F1"],
        [
            [label, str(row["n"]), _percent(row["coverage"])]
            + [_decimal(row[key]) for key in ("precision", "recall", "f1")]
            for label, row in scores["per_class"].items()
        ],
    )
    yield Heading(3, "Confusion matrix")
    yield Text(
        "Rows: true class; columns: answer. The colour is the share of the row; the right answers are framed."
    )
    counts = np.array(scores["confusion"]["counts"])
    yield Table(
        ["true, given", *scores["confusion"]["columns"]],
        [
            [name, *map(str, row)]
            for name, row in zip(scores["confusion"]["rows"], counts.tolist(), strict=True)
        ],
        (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).tolist(),
        diagonal=True,
    )
    yield Heading(3, "Confidence")
    if threshold is not None:
        yield Text(_answered(split, threshold))
    shares = scores["selective"]
    yield Table(
        ["most confident of all pictures", *(f"{float(share):.0%}" for share in shares)],
        [["accuracy", *map(_percent, shares.values())]],
    )
    caption = f"{split.name}: accuracy of found faces over the probability of their label, and their number"
    yield Plot(partial(reliability, scores["reliability"]), caption, file=f"reliability-{file}")
    caption = f"{split.name}: accuracy (1 − risk) over coverage"
    if threshold is not None:
        caption += "; dashed: the share of answers that are not LOW_CONFIDENCE"
    yield Plot(partial(_risk_coverage, split, threshold), caption, file=f"coverage-{file}")
    yield from _pictures(split, list(scores["per_class"]), run.pictures)


def _learning_curve(history: list[dict[str, float]], word: str, best_epoch: int | None) -> "Figure":
    """All columns of the history whose name holds ``word``: ``"loss"`` (nats) or ``"accuracy"`` (0–1)."""
    figure = new_figure()
    axes = figure.subplots()
    factor, unit = (100, "accuracy of found faces, %") if word == "accuracy" else (1, "cross-entropy, nats")
    for name in (column for column in history[0] if word in column):
        label = "training (augmented)" if name == word else name.replace("_", " ")
        axes.plot([row["epoch"] for row in history], [factor * row[name] for row in history], label=label)
    if best_epoch is not None:
        axes.axvline(best_epoch, color=INK, linestyle=":", linewidth=1, label="chosen epoch")
    axes.set(xlabel="epoch", ylabel=unit)
    # A fixed place: the search for the best one is slow.
    axes.legend(loc="upper right" if word == "loss" else "lower right")
    return figure


def _risk_coverage(split: SplitResult, threshold: float | None) -> "Figure":
    share, risk = calibration.risk_coverage(split.confidence, split.correct)
    pick = np.unique(np.linspace(0, len(share) - 1, _CURVE_POINTS).round().astype(int))
    answered = 1.0 if threshold is None else float(split.sure(threshold).mean())
    return risk_coverage(share[pick].tolist(), (1 - risk[pick]).tolist(), threshold, answered)


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
            Picture(pictures[name], name, f"true {labels[split.true[row]]}, {_answer(split, row, labels)}")
            for row, name in named
            if name in pictures
        ]
        if shown:
            yield Pictures(kind, shown)


def _answer(split: SplitResult, row: int, labels: list[str]) -> str:
    if not split.found[row]:
        return "no face found"
    return f"predicted {labels[split.predicted[row]]}, {split.confidence[row]:.0%}"


def _int8(int8: dict[str, Any], splits: list[dict[str, Any]]) -> Iterator[Block]:
    yield Heading(2, "int8 compared with float")
    yield Text("The quantized network of the bundle, compared with the float network that it was made from.")
    if int8.get("parity"):
        yield _facts(int8["parity"])
    by_float = {scores["name"]: scores for scores in splits}
    figures = (("accuracy", _percent), ("macro_f1", _decimal), ("ece", _decimal))
    rows = [
        [f"{name}, {kind}", *(show(scores.get(key)) for key, show in figures)]
        for name, of_int8 in int8.get("scores", {}).items()
        for kind, scores in (("float", by_float.get(name, {})), ("int8", of_int8))
    ]
    if rows:
        yield Table(["split", "accuracy", "macro F1", "ECE"], rows)


def _facts(values: dict[str, Any]) -> Table:
    return Table(["", ""], [[name, text] for name, text in _flat(values)], facts=True)


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        name = prefix + str(key).replace("_", " ")
        if isinstance(value, dict):
            yield from _flat(value, f"{name}, ")
        elif isinstance(value, list | tuple) and any(isinstance(entry, dict) for entry in value):
            yield from _flat({f"{key} {place}": entry for place, entry in enumerate(value, start=1)}, prefix)
        elif isinstance(value, list | tuple):
            yield name, ", ".join(map(str, value)) or "none"
        else:
            yield name, f"{value:.6g}" if isinstance(value, float) else str(value)
