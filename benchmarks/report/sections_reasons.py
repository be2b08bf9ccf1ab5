"""The result of ``reasons`` for people."""

from typing import Any

from benchmarks.reasons.graded import GRADED
from benchmarks.report.formatting import percent
from edge.core.types import Reason
from evaluation.report.page import Block, Heading, Table, Text, number

_STEPS = ("level", "pictures", "accuracy, %", "where found", "before", "flagged", "unsure", "measured")
_TURNED = ("degrees", "accuracy where found, %", "others, classes as here")
_SUMMARY = ("accuracy where found, %", "flagged", "others", "others, classes as in flagged")


def section(content: dict[str, Any]) -> list[Block]:
    clean, thresholds = content["clean"], content["protocol"]["thresholds"]
    blocks: list[Block] = [
        Text(
            f"{content['n']} pictures; {content['left_out']} excluded, {content['skipped']} skipped. As they "
            f"are: accuracy {percent(clean['accuracy'])} %, a missed face is wrong; where found "
            f"{percent(clean['accuracy_found'])} %; coverage {percent(clean['coverage'])} %."
        )
    ]
    for reason, grades in GRADED.items():
        title = f"{reason}: {grades.what}; flagged below {thresholds[reason]:g} (measured)"
        rows = [_step(reason, row) for row in content["steps"][reason]]
        blocks += [Heading(3, title), Table(_STEPS, rows)]
    title = f"turned: degrees, as they are; flagged above {thresholds['turned']:g}"
    bins = [[_bounds(row), _group(row), percent(row["others_weighted"])] for row in content["turned"]]
    blocks += [Heading(3, title), Table(_TURNED, bins)]
    return [*blocks, Heading(3, "Flagged and others"), Table(_SUMMARY, _summary(content["summary"]))]


def _step(reason: Reason, row: dict[str, Any]) -> list[str]:
    shares = (row["accuracy"], row["accuracy_found"], row["accuracy_before"])
    flagged = (row["reasons"][reason], row["reasons"]["unsure"])
    measured = number(row["measured"], ".3g")
    return [f"{row['level']:g}", str(row["n"]), *map(percent, (*shares, *flagged)), measured]


def _bounds(row: dict[str, Any]) -> str:
    return f"> {row['low']:g}" if row["high"] is None else f"{row['low']:g}–{row['high']:g}"


def _summary(summary: dict[str, Any]) -> list[list[str]]:
    rows = []
    for reason, parts in summary.items():
        steps = "in all steps" if reason == Reason.UNSURE else "in its steps"
        for name, sides in (("as they are", parts["clean"]), (steps, parts["steps"])):
            if sides:
                groups = (_group(sides[side]) for side in ("flagged", "others"))
                rows.append([f"{reason}, {name}", *groups, percent(sides["others_weighted"])])
    return rows


def _group(group: dict[str, Any]) -> str:
    """Accuracy, number and interval of a group, as in ``61.0 of 25 (42.1…77.4)``."""
    interval = group.get("interval")
    bounds = f" ({'…'.join(map(percent, interval))})" if interval else ""
    return f"{percent(group['accuracy'])} of {group['n']}{bounds}"
