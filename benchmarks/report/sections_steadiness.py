"""The result of ``steadiness`` for people."""

from typing import Any

from benchmarks.report.formatting import percent
from evaluation.report.page import DASH, Block, Table, Text, number


def section(content: dict[str, Any]) -> list[Block]:
    other = f"not {content['expected']}, %" if content["expected"] else "other, %"
    columns = ["clip", "frames", "found, %", other, "unsure", "changes/s", "lost", "labels, %"]
    rows = [_row(clip["clip"], clip) for clip in content["clips"]] + [_row("all", content["all"])]
    intro = f"Smoothing {content['smoothing_s']:g} s; shares of labels are of the frames with a face."
    return [Text(intro), Table(columns, rows)]


def _row(name: str, row: dict[str, Any]) -> list[str]:
    labels = ", ".join(f"{label} {percent(n / row['found'])}" for label, n in row["labels"].items())
    return [
        name,
        str(row["frames"]),
        percent(row["found"] / row["frames"]) if row["frames"] else DASH,
        percent(row["other"]),
        str(row["unsure"]),
        number(row["changes_per_s"]),
        str(row["lost"]),
        labels or DASH,
    ]
