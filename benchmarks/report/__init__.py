"""Results of all kinds as one page for people, ``report.html``, and as Markdown, ``report.md``.

Runs on the device: the standard library draws the plots.
"""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from types import ModuleType

from benchmarks.report import (
    result_files,
    sections_accuracy,
    sections_latency,
    sections_matrix,
    sections_peers,
    sections_robustness,
)
from benchmarks.report.page import Block, Contents, Heading, Notice, Table, Text, Tiles, html, markdown
from benchmarks.report.regressions import METHOD, Comparison, Row
from benchmarks.report.result_files import Result, complete
from benchmarks.report.words import environments, plain
from edge.core.files import check_replaceable, write_atomic
from evaluation.document import encoded

_SECTIONS: dict[str, ModuleType] = {
    "latency": sections_latency,
    "matrix": sections_matrix,
    "peers": sections_peers,
    "accuracy": sections_accuracy,
    "robustness": sections_robustness,
}

_TITLE = "Mien benchmarks"
_FILES = ("report.html", "report.md")
_COMPARED = ("", "before", "now", "worse by", "allowed", "verdict")


def write(
    results: Sequence[Result],
    folder: Path,
    comparison: Comparison | None = None,
    missing: Sequence[str] = (),
) -> None:
    """Write ``report.html``, which needs no other file, and ``report.md``.

    Args:
        results: at least one, or something ``missing``.
        folder: is made.
        comparison: with older results.
        missing: what was to be measured and is not there, with the reasons.

    Raises:
        DataError: a result is not whole, or something else would be replaced.
        OSError: the folder cannot be written.
    """
    blocks = contents(results, comparison, missing)
    check_output(folder)
    for name, text in zip(_FILES, (html(blocks), markdown(blocks)), strict=True):
        write_atomic(folder / name, encoded(text))


def check_output(folder: Path) -> None:
    """See that nothing but an older report would be replaced.

    Raises:
        DataError: something else is there.
        OSError: it cannot be read.
    """
    for name in _FILES:
        check_replaceable(folder / name, lambda content: _TITLE.encode() in content[:1000])


def contents(
    results: Sequence[Result], comparison: Comparison | None = None, missing: Sequence[str] = ()
) -> list[Block]:
    """The whole document; arguments as in ``write``.

    Raises:
        DataError: a result is not whole.
    """
    blocks: list[Block] = [Heading(1, _TITLE), *_subtitle(results)]
    blocks += _notices(results, comparison.regressions if comparison else [], missing)
    overview: list[Block] = []
    sections: list[Block] = []
    tiles = []
    for kind, group in groupby(results, attrgetter("kind")):
        of_kind = _SECTIONS[kind]
        rows: list[Sequence[str]] = []
        for result in group:
            with complete(result):
                tiles.append(of_kind.tile(result))
                # A table of its own: what is no text is an error of this result.
                rows += Table(of_kind.COLUMNS, [of_kind.overview(result)]).rows
                sections += of_kind.section(result)
        overview.append(Table(of_kind.COLUMNS, rows))
    blocks += [Tiles(tiles), Contents()] if tiles else []
    blocks += [Heading(2, "Overview"), *overview] if overview else []
    if comparison is not None:
        blocks += _compared(comparison)
    return [*blocks, *sections, *_environment(results)]


def _subtitle(results: Sequence[Result]) -> list[Block]:
    described = [facts for result in results for facts in result_files.environments(result)]
    dates = sorted({str(facts["date"])[:10] for facts in described if "date" in facts})
    machines = {
        ", ".join(plain(facts[key]) for key in ("board", "cpu", "system") if facts.get(key))
        for facts in environments(results)
    }
    text = " · ".join(
        [*sorted(filter(None, machines)), " to ".join(dict.fromkeys([*dates[:1], *dates[-1:]]))]
    )
    return [Text(text)] if text else []


def _notices(results: Sequence[Result], regressions: Sequence[Row], missing: Sequence[str]) -> list[Block]:
    spoiled = [
        f"{result.kind}, {result.title}: {warning}"
        for result in results
        if result.spoiled
        for warning in result.content["warnings"]
    ]
    others = [
        f"{result.kind}, {result.title}: {warning}"
        for result in results
        if not result.spoiled
        for warning in result.content["warnings"]
    ]
    notices = {
        "Worse than before": [row.sentence() for row in regressions],
        "Not measured": missing,
        "Spoiled: these times are not to be published": spoiled,
        "To be known": others,
    }
    return [Notice(title, lines) for title, lines in notices.items() if lines]


def _compared(comparison: Comparison) -> list[Block]:
    blocks: list[Block] = [Heading(2, "Compared with before")]
    if comparison.rows:
        blocks.append(Text(METHOD))
    if comparison.notes:
        blocks.append(Notice("Not compared", comparison.notes))
    for configuration, rows in groupby(comparison.rows, attrgetter("configuration")):
        blocks.append(Heading(3, configuration))
        blocks.append(Table(_COMPARED, [row.cells() for row in rows]))
    return blocks


def _environment(results: Sequence[Result]) -> list[Block]:
    found = environments(results)
    if not found:
        return []
    keys = list(dict.fromkeys(key for facts in found for key in facts))
    names = (
        ["measured on"]
        if len(found) == 1
        else [f"environment {number}" for number in range(1, len(found) + 1)]
    )
    rows = [[key, *(plain(facts.get(key)) for facts in found)] for key in keys]
    return [Heading(2, "Environment"), Table(["", *names], rows, facts=True)]
