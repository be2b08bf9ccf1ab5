"""What the report says of ``matrix``."""

from collections.abc import Sequence
from typing import Any

from benchmarks.report.page import Beside, Block, Heading, Plot, Table, Text, Tile
from benchmarks.report.plots import Ratio, ratios
from benchmarks.report.result_files import Result, configuration_name
from benchmarks.report.words import facts, milliseconds, number

COLUMNS = ("matrix", "ran", "did not run", "fastest frame", "p50, ms")
"""Of the overview."""

_KINDS = {
    "frame": "Frames: the whole pipeline",
    "invoke": "The bare landmark network",
    "head": "The bare network of a bundle",
}


def overview(result: Result) -> list[str]:
    """One row of the overview."""
    ran = _ran(result.content)
    fastest = _fastest(result.content)
    return [
        result.title,
        str(len(ran)),
        str(len(result.content["configurations"]) - len(ran)),
        _name(fastest, result.content) if fastest else "–",
        milliseconds(fastest["ms"]["p50"]) if fastest else "–",
    ]


def tile(result: Result) -> Tile:
    """The figure that stands for it."""
    fastest = _fastest(result.content)
    if fastest is None:
        return Tile(str(len(_ran(result.content))), "configurations measured", result.title)
    return Tile(f"{milliseconds(fastest['ms']['p50'])} ms", "fastest frame", _name(fastest, result.content))


def section(result: Result) -> list[Block]:
    """All of it."""
    content = result.content
    intro = (
        f"{content['rounds']} rounds of one block of each configuration, {content['frames']} measurements a "
        "block. A ratio is that of two medians of the same round, over the first configuration of its kind: "
        "median over the rounds, 10th to 90th percentile. Times are those of a machine that switches between "
        "programs."
    )
    blocks: list[Block] = [Heading(2, f"Matrix: {result.title}"), Text(intro)]
    for kind, heading in _KINDS.items():
        lines = [line for line in _ran(content) if line["kind"] == kind]
        if lines:
            blocks += [Heading(3, heading), *_lines(lines, content)]
    return [*blocks, *_not_run(content), facts(result)]


def _lines(lines: Sequence[dict[str, Any]], content: dict[str, Any]) -> list[Block]:
    names = [configuration_name(line, content) for line in lines]
    rows = [
        [
            name,
            *(milliseconds(line["ms"][key]) for key in ("p50", "p90", "p99")),
            *(number(line["ratio"][key]) for key in ("p50", "p10", "p90")),
        ]
        for name, line in zip(names, lines, strict=True)
    ]
    table = Table(["", "p50, ms", "p90", "p99", "ratio", "p10", "p90 "], rows)
    if len(lines) == 1:
        return [table]
    dots = [
        Ratio(name, line["ratio"]["p10"], line["ratio"]["p50"], line["ratio"]["p90"])
        for name, line in zip(names, lines, strict=True)
    ]
    first = configuration_name(content["configurations"][lines[0]["against"]], content)
    caption = f"Time over that of: {first}. Dot: median, line: 10th to 90th percentile of the rounds."
    return [Beside([Plot([ratios(dots, caption)], caption), table])]


def _not_run(content: dict[str, Any]) -> list[Block]:
    lines = [line for line in content["configurations"] if line["reason"] is not None]
    rows = [[_name(line, content), line["reason"]] for line in lines]
    return (
        [Table(["", "reason"], rows, folded=f"{len(rows)} configurations did not run", facts=True)]
        if rows
        else []
    )


def _ran(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [line for line in content["configurations"] if line["reason"] is None]


def _fastest(content: dict[str, Any]) -> dict[str, Any] | None:
    frames = [line for line in _ran(content) if line["kind"] == "frame"]
    return min(frames, key=lambda line: line["ms"]["p50"], default=None)


def _name(line: dict[str, Any], content: dict[str, Any]) -> str:
    return f"{line['kind']}: {configuration_name(line, content)}"
