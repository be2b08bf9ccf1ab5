"""What the report says of ``accuracy``."""

from typing import Any

from benchmarks.accuracy.chance import wilson
from benchmarks.report.page import Beside, Block, Heading, Plot, Table, Text, Tile
from benchmarks.report.plots import reliability, risk_coverage
from benchmarks.report.result_files import Result
from benchmarks.report.words import facts, number, points

COLUMNS = (
    "accuracy",
    "accuracy, %",
    "95 %",
    "macro F1, %",
    "ECE",
    "faces found, %",
    "60 % most confident, %",
    "pictures",
)
"""Of the overview."""


def overview(result: Result) -> list[str]:
    """One row of the overview."""
    content = result.content
    return [
        result.title,
        points(content["accuracy"]),
        _interval(content),
        points(content["macro_f1"]),
        number(content["ece"], 3),
        points(content["coverage"]),
        points(content["selective"]["0.6"]),
        str(content["n"]),
    ]


def tile(result: Result) -> Tile:
    """The figure that stands for it."""
    content = result.content
    detail = f"95 %: {_interval(content)} %; {content['n']} pictures, a missed face is wrong"
    return Tile(f"{points(content['accuracy'])} %", f"right, {result.title}", detail)


def section(result: Result) -> list[Block]:
    """All of it."""
    content = result.content
    truth = "the data's labels" if content["truth"] == "label" else "the majority of the FER+ votes"
    assumed = "; where no face was found, the middle was taken for one" if content["assume_face"] else ""
    intro = (
        f"{content['n']} pictures, truth: {truth}, {content['left_out']} left out, {content['skipped']} "
        f"skipped; scale {content['preparation']['scale']:g}, margin {content['preparation']['padding']:g}"
        f"{assumed}. "
        "A picture without a face counts as wrong."
    )
    return [
        Heading(2, f"Accuracy: {result.title}"),
        Text(intro),
        Heading(3, "Metrics"),
        _metrics(content),
        Heading(3, "How far the probabilities can be trusted"),
        Beside(_curves(content)),
        Heading(3, "What was given for what"),
        Text("Rows: the true class; columns: the answer. Percent of the row; right answers are framed."),
        _confusion(content),
        Heading(3, "Each class"),
        _classes(content),
        facts(result),
    ]


def _interval(content: dict[str, Any]) -> str:
    low, high = wilson(content["accuracy"], content["n"])
    return f"{points(low)}–{points(high)}"


def _metrics(content: dict[str, Any]) -> Table:
    rows = [
        ["accuracy, %", points(content["accuracy"]), f"95 % interval (Wilson): {_interval(content)}"],
        ["accuracy of found faces, %", points(content["accuracy_found"]), "misses left out"],
        ["faces found, %", points(content["coverage"]), "coverage"],
        ["macro F1, %", points(content["macro_f1"]), "each class counts alike"],
        ["macro recall, %", points(content.get("macro_recall")), "likewise"],
        ["ECE", number(content["ece"], 3), "confidence against accuracy; less is better"],
        ["AURC", number(content["aurc"], 3), "mean error over all shares; less is better"],
    ]
    rows += [
        [
            f"most confident {float(share):.0%}".replace("%", " %"),
            points(value),
            "accuracy, %, of all pictures",
        ]
        for share, value in content["selective"].items()
    ]
    return Table(["metric", "value", "what it is"], rows, facts=True)


def _curves(content: dict[str, Any]) -> list[Plot | Table]:
    plots: list[Plot | Table] = []
    bins = content.get("reliability")
    if bins and any(row["n"] for row in bins):
        caption = (
            "Reliability: accuracy of the answers of each confidence. On the dashed line the two agree; "
            "under it the network is too sure of itself. Large dots: many answers."
        )
        rows = [
            [
                f"{points(row['low'])}–{points(row['high'])}",
                str(row["n"]),
                points(row["confidence"]),
                points(row["accuracy"]),
            ]
            for row in bins
            if row["n"]
        ]
        data = Table(
            ["confidence, %", "answers", "mean, %", "accuracy, %"], rows, folded="The bins in numbers"
        )
        plots.append(Plot([reliability(bins, caption)], caption, data))
    curve = sorted([(float(share), 1 - value) for share, value in content["selective"].items()])
    curve.append((1.0, 1 - content["accuracy"]))
    caption = (
        "Risk and coverage: how many answers are wrong if only the most confident ones are given. At the "
        "right end everything is answered, misses included."
    )
    return [*plots, Plot([risk_coverage(curve, caption)], caption)]


def _confusion(content: dict[str, Any]) -> Table:
    confusion = content["confusion"]
    rows, tint = [], []
    for name, counts in zip(confusion["rows"], confusion["counts"], strict=True):
        total = max(sum(counts), 1)
        rows.append([name, *(points(count / total) for count in counts), str(sum(counts))])
        tint.append([*(count / total for count in counts), 0.0])
    return Table(["true", *confusion["columns"], "pictures"], rows, tint, diagonal=True)


def _classes(content: dict[str, Any]) -> Table:
    rows = [
        [name, *(points(row[key]) for key in ("precision", "recall", "f1", "coverage")), str(row["n"])]
        for name, row in content["per_class"].items()
    ]
    return Table(["class", "precision, %", "recall, %", "F1, %", "faces found, %", "pictures"], rows)
