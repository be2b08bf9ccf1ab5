"""The result of ``reasons`` as a table for people."""

from collections.abc import Sequence
from typing import Any

from benchmarks.accuracy.scores import headline, percent
from benchmarks.reasons.graded import GRADED, Grades
from edge.core.types import Reason
from evaluation.report.page import number


def table(result: dict[str, Any]) -> str:
    """The result as a table for people."""
    clean, thresholds = result["clean"], result["protocol"]["thresholds"]
    lines = [
        f"{headline(result)}, landmarks {result['landmarks']}, bundle {result['bundle']['name']}, "
        f"seed {result['protocol']['seed']}",
        f"as they are: accuracy {percent(clean['accuracy'])}, a missed face is wrong; "
        f"where found {percent(clean['accuracy_found'])}; coverage {percent(clean['coverage'])}",
    ]
    for reason, grades in GRADED.items():
        lines += _steps_table(reason, grades, thresholds[reason], result["steps"][reason])
    lines.append(f"turned: degrees, as they are; flagged above {thresholds['turned']:g}")
    lines.append(f"{'':<9}{'accuracy where found':<34}others, classes as here")
    for row in result["turned"]:
        bounds = f"{row['low']:g}–{row['high']:g}" if row["high"] is not None else f"> {row['low']:g}"
        lines.append(f"{bounds:>8} {_group_text(row):<34}{percent(row['others_weighted']):>7}")
    lines.append(f"{'accuracy where found':<22}{'flagged':<34}{'others':<34}others, classes as in flagged")
    for reason, parts in result["summary"].items():
        steps = "in all steps" if reason == Reason.UNSURE else "in its steps"
        for name, sides in (("as they are", parts["clean"]), (steps, parts["steps"])):
            if sides:
                groups = f"{_group_text(sides['flagged']):<34}{_group_text(sides['others']):<34}"
                lines.append(f"{reason:<8} {name:<13}{groups}{percent(sides['others_weighted']):>7}")
    return "\n".join(lines)


def _steps_table(
    reason: Reason, grades: Grades, threshold: float, steps: Sequence[dict[str, Any]]
) -> list[str]:
    lines = [
        f"{reason}: {grades.what}; flagged below {threshold:g} (measured)",
        f"{'level':>8} {'n':>5} {'accuracy':>9} {'where found':>12} {'as it was':>10} {'flagged':>8} "
        f"{'unsure':>8} {'measured':>9}",
    ]
    for row in steps:
        lines.append(
            f"{row['level']:>8g} {row['n']:>5} {percent(row['accuracy']):>9} "
            f"{percent(row['accuracy_found']):>12} {percent(row['accuracy_before']):>10} "
            f"{percent(row['reasons'][reason]):>8} {percent(row['reasons']['unsure']):>8} "
            f"{number(row['measured'], '.3g'):>9}"
        )
    return lines


def _group_text(group: dict[str, Any]) -> str:
    """Accuracy, number and interval of a group, as in ``61.0 % of 25 (42.1…77.4)``."""
    interval = group.get("interval")
    bounds = f" ({100 * interval[0]:.1f}…{100 * interval[1]:.1f})" if interval else ""
    return f"{percent(group['accuracy']):>7} of {group['n']}{bounds}"
