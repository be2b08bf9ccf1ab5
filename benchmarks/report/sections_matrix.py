"""The section of the report about ``matrix``."""

from collections.abc import Sequence
from typing import Any

from benchmarks.report.figures import ratio_plot
from benchmarks.report.formatting import milliseconds
from benchmarks.report.result_files import Result, configuration_name, measured
from evaluation.report.page import DASH, Block, Heading, Table, Text, Tile, number

_KINDS = {
    "frame": "Frames: the whole pipeline",
    "invoke": "The bare landmark network",
    "head": "The bare network of a bundle",
}


def overview(content: dict[str, Any]) -> dict[str, str]:
    ran = measured(content["configurations"])
    fastest = _fastest(content)
    return {
        "ran": str(len(ran)),
        "did not run": str(len(content["configurations"]) - len(ran)),
        "fastest frame": _name(fastest, content) if fastest else DASH,
        "p50, ms": milliseconds(fastest["ms"]["p50"]) if fastest else DASH,
    }


def tile(result: Result) -> Tile:
    fastest = _fastest(result.content)
    if fastest is None:
        return Tile(
            str(len(measured(result.content["configurations"]))), "configurations measured", result.title
        )
    return Tile(f"{milliseconds(fastest['ms']['p50'])} ms", "fastest frame", _name(fastest, result.content))


def section(content: dict[str, Any]) -> list[Block]:
    intro = (
        f"{content['rounds']} rounds; in each, every configuration runs one block of {content['frames']} "
        "measurements. A ratio is the median of a block over that of the first configuration of its kind in "
        "the same round; given are its median, 10th and 90th percentile over the rounds. Because the machine "
        "switches between programs, times can be longer than those of a program that runs alone."
    )
    blocks: list[Block] = [Text(intro), _environments(content["environments"])]
    for kind, heading in _KINDS.items():
        lines = [line for line in measured(content["configurations"]) if line["kind"] == kind]
        if lines:
            blocks += [Heading(3, heading), *_lines(lines, content)]
    return blocks + _not_run(content)


def _environments(found: Sequence[dict[str, Any]]) -> Table:
    rows = []
    for place, facts in enumerate(found, 1):
        words = facts["error"]
        if words is None:
            runtime, delegate = facts["runtime"], facts.get("delegate") or "no delegate"
            words = f"Python {facts['python']}, {runtime['name']} {runtime['version']}, {delegate}"
        rows.append([f"environment {place}", facts["executable"], words])
    return Table(["", "", ""], rows, facts=True)


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
    first = configuration_name(content["configurations"][lines[0]["against"]], content)
    return [ratio_plot(names, lines, first), table]


def _not_run(content: dict[str, Any]) -> list[Block]:
    lines = [line for line in content["configurations"] if line["reason"] is not None]
    rows = [[_name(line, content), line["reason"]] for line in lines]
    title = f"{len(rows)} configurations did not run"
    return [Heading(3, title), Table(["", "reason"], rows, facts=True)] if rows else []


def _fastest(content: dict[str, Any]) -> dict[str, Any] | None:
    frames = [line for line in measured(content["configurations"]) if line["kind"] == "frame"]
    return min(frames, key=lambda line: line["ms"]["p50"], default=None)


def _name(line: dict[str, Any], content: dict[str, Any]) -> str:
    return f"{line['kind']}: {configuration_name(line, content)}"
