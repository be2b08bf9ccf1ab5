"""The result of ``compare`` for people."""

from typing import Any

from benchmarks.report.formatting import percent
from evaluation.report.page import Block, Table, Text

_COLUMNS = ("class", "recall of A, %", "of B", "B − A", "right in A only", "in B only", "pictures")


def section(content: dict[str, Any]) -> list[Block]:
    low, high = (f"{100 * limit:+.1f}" for limit in content["interval"])
    test = "exact" if content["exact"] else "chi-square, continuity correction"
    first, second = content["files"]
    intro = (
        f"A: {first}, B: {second}; {content['n']} pictures in both, a missed face is wrong.\n"
        f"McNemar's test: p = {content['p']:.2g} ({test}). B − A, 95 %: {low} to {high} points."
    )
    rows = [_row("all", content["accuracy"], content)]
    rows += [_row(name, row["recall"], row) for name, row in content["per_class"].items()]
    return [Text(intro), Table(_COLUMNS, rows)]


def _row(name: str, shares: list[float], counts: dict[str, Any]) -> list[str]:
    difference = f"{100 * counts['difference']:+.1f}"
    return [name, *map(percent, shares), difference, *(str(counts[key]) for key in ("b", "c", "n"))]
