"""The section of the report about ``accuracy``."""

from functools import partial
from typing import Any

from benchmarks.accuracy.chance import wilson
from benchmarks.accuracy.recalibration import TARGET
from benchmarks.report.formatting import percent
from benchmarks.report.result_files import Result
from evaluation.report import figures
from evaluation.report.page import Block, Heading, Plot, Table, Text, Tile, number


def overview(content: dict[str, Any]) -> dict[str, str]:
    return {
        "accuracy, %": percent(content["accuracy"]),
        "95 %": _interval(content),
        "macro F1, %": percent(content["macro_f1"]),
        "ECE": number(content["ece"], ".3f"),
        "faces found, %": percent(content["coverage"]),
        "accuracy of the most confident 60 %, %": percent(content["selective"]["0.6"]),
        "pictures": str(content["n"]),
    }


def tile(result: Result) -> Tile:
    content = result.content
    detail = f"95 %: {_interval(content)} %; {content['n']} pictures; a missed face counts as wrong"
    return Tile(f"{percent(content['accuracy'])} %", f"accuracy, {result.title}", detail)


def section(content: dict[str, Any]) -> list[Block]:
    truth = "the data's labels" if content["truth"] == "label" else "the majority of the FER+ votes"
    assumed = (
        " Where no face was found, the middle of the picture was taken for one." * content["assume_face"]
    )
    intro = (
        f"{content['n']} pictures; {content['left_out']} excluded, {content['skipped']} skipped. "
        f"Ground truth: {truth}. Preparation: scale {content['preparation']['scale']:g}, margin "
        f"{content['preparation']['padding']:g}. A picture without a face counts as wrong.{assumed}"
    )
    return [
        Text(intro),
        Heading(3, "Metrics"),
        _metrics(content),
        Heading(3, "Confidence"),
        *_curves(content),
        Heading(3, "Confusion matrix"),
        Text("Rows: true class; columns: answer. In percent of the row; the right answers are framed."),
        _confusion(content),
        Heading(3, "Classes"),
        _classes(content),
    ]


def _interval(content: dict[str, Any]) -> str:
    low, high = wilson(content["accuracy"], content["n"])
    return f"{percent(low)}–{percent(high)}"


def _metrics(content: dict[str, Any]) -> Table:
    rows = [
        ["accuracy, %", percent(content["accuracy"]), f"95 % interval (Wilson): {_interval(content)}"],
        [
            "accuracy of found faces, %",
            percent(content["accuracy_found"]),
            "pictures without a face excluded",
        ],
        ["faces found, %", percent(content["coverage"]), "coverage"],
        ["macro F1, %", percent(content["macro_f1"]), "mean over the classes"],
        ["macro recall, %", percent(content.get("macro_recall")), "mean over the classes"],
        ["ECE", number(content["ece"], ".3f"), "mean distance of confidence and accuracy; less is better"],
        *_recalibrated(content.get("recalibrated")),
        [
            "AURC",
            number(content["aurc"], ".3f"),
            "error rate, averaged over every share of the most confident pictures; less is better",
        ],
    ]
    rows += [
        [
            f"most confident {float(share):.0%}".replace("%", " %"),
            percent(value),
            "accuracy, %, of all pictures",
        ]
        for share, value in content["selective"].items()
    ]
    return Table(["metric", "value", "what it is"], rows, facts=True)


def _recalibrated(chosen: dict[str, Any] | None) -> list[list[str]]:
    if chosen is None:
        return []
    then = f"then {TARGET:.0%} are right from {chosen['min_confidence']:.2f} on"
    words = f"with {chosen['factor']:.2f} × the temperature; {then}".replace("%", " %")
    return [["ECE, recalibrated", number(chosen["ece"], ".3f"), words]]


def _curves(content: dict[str, Any]) -> list[Block]:
    curve = sorted((float(share), value) for share, value in content["selective"].items())
    share, accuracy = zip(*curve, (1.0, content["accuracy"]), strict=True)
    caption = (
        "Risk and coverage: accuracy (1 − risk) if only the most confident pictures are answered. At the "
        "right end all are answered, and those without a face count as wrong."
    )
    coverage = Plot(partial(figures.risk_coverage, share, accuracy), caption)
    bins = content.get("reliability")
    if not bins or not any(row["n"] for row in bins):
        return [coverage]
    caption = (
        "Reliability: accuracy of the answers of each confidence, and their number. Under the dashed line "
        "the confidence is too high."
    )
    rows = [
        [f"{percent(row['low'])}–{percent(row['high'])}", str(row["n"])]
        + [percent(row[key]) for key in ("confidence", "accuracy")]
        for row in bins
        if row["n"]
    ]
    columns = ["confidence, %", "answers", "mean, %", "accuracy, %"]
    table = Table(columns, rows)
    return [Plot(partial(figures.reliability, bins), caption), coverage, table]


def _confusion(content: dict[str, Any]) -> Table:
    confusion = content["confusion"]
    rows, tint = [], []
    for name, counts in zip(confusion["rows"], confusion["counts"], strict=True):
        total = max(sum(counts), 1)
        rows.append([name, *(percent(count / total) for count in counts), str(sum(counts))])
        tint.append([*(count / total for count in counts), 0.0])
    return Table(["true", *confusion["columns"], "pictures"], rows, tint, diagonal=True)


def _classes(content: dict[str, Any]) -> Table:
    rows = [
        [name, *(percent(row[key]) for key in ("precision", "recall", "f1", "coverage")), str(row["n"])]
        for name, row in content["per_class"].items()
    ]
    return Table(["class", "precision, %", "recall, %", "F1, %", "faces found, %", "pictures"], rows)
