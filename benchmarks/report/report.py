"""The report of benchmark results of all kinds: the page ``report.html`` and, as Markdown, ``report.md``.

The page needs Jinja2 and matplotlib, which the device does not have; ``report.md`` is written everywhere.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.report import (
    provenance,
    sections_accuracy,
    sections_compare,
    sections_latency,
    sections_matrix,
    sections_peers,
    sections_reasons,
    sections_robustness,
    sections_steadiness,
    sections_stream,
)
from benchmarks.report.regressions import METHOD, Comparison
from benchmarks.report.result_files import Result, complete, describe
from edge.cli.console import say
from edge.core.files import check_replaceable, write_atomic
from evaluation.report import page
from evaluation.report.page import Block, Heading, Notice, Plot, Table, Text, Tiles, html, markdown

_SECTIONS: dict[str, ModuleType] = {
    "latency": sections_latency,
    "matrix": sections_matrix,
    "peers": sections_peers,
    "accuracy": sections_accuracy,
    "robustness": sections_robustness,
    "compare": sections_compare,
    "reasons": sections_reasons,
    "steadiness": sections_steadiness,
    "stream": sections_stream,
}
"""Kind of a result → its module: ``overview`` gives column → cell of the overview, ``tile`` the most
important number, ``section`` all numbers. The last four kinds are in no report, and have sections only."""

_TITLE = "Mien benchmarks"
_PAGE, _MARKDOWN = "report.html", "report.md"
_NEEDED = ("jinja2", "matplotlib")
"""Packages for the page."""
_COMPARED = ("", "before", "now", "worse by", "allowed", "verdict")


def write(
    results: Sequence[Result],
    folder: Path,
    comparison: Comparison | None = None,
    missing: Sequence[str] = (),
) -> list[Path]:
    """Write ``report.md`` and ``report.html``, which needs no other file; gives the files that were written.

    Without Jinja2 or matplotlib there is no ``report.html``: a line on stderr says so, and an old one, whose
    figures are not those of ``report.md``, is removed.

    Args:
        results: at least one, or something ``missing``.
        folder: it is made if it does not exist.
        comparison: comparison with older results.
        missing: what should have been measured and was not, with the reasons.

    Raises:
        DataError: a result is not complete, or another program's file would be replaced.
        OSError: the folder cannot be written.
    """
    blocks = contents(results, comparison, missing)
    documents = {_MARKDOWN: markdown(blocks)}
    try:
        documents = {_PAGE: html(blocks), **documents}
    except ModuleNotFoundError as error:
        if error.name not in _NEEDED:
            raise
    check_output(folder)
    for name, document in documents.items():
        write_atomic(folder / name, document.encode())
    if _PAGE not in documents:
        (folder / _PAGE).unlink(missing_ok=True)
        packages = "the packages jinja2 and matplotlib"
        say(f"note: {_PAGE} needs {packages}: pip install -r requirements-train.txt", sys.stderr)
    return [folder / name for name in documents]


def text(content: dict[str, Any]) -> str:
    """A new result of any kind for a terminal."""
    title = Text(f"{content['kind']}, {describe(content)}")
    return page.text([title, *_SECTIONS[content["kind"]].section(content)])


def check_output(folder: Path) -> None:
    """See that nothing but an older report would be replaced.

    Raises:
        DataError: another program's file would be replaced.
        OSError: a file cannot be read.
    """
    for name in (_PAGE, _MARKDOWN):
        check_replaceable(folder / name, lambda content: _TITLE.encode() in content[:1000])


def contents(
    results: Sequence[Result], comparison: Comparison | None = None, missing: Sequence[str] = ()
) -> list[Block]:
    """All blocks of the report; arguments as in ``write``.

    Raises:
        DataError: a result is not complete. The plots, which are drawn later, raise it too.
    """
    overview: list[Block] = []
    sections: list[Block] = []
    tiles = []
    for kind, group in groupby(results, attrgetter("kind")):
        of_kind = _SECTIONS[kind]
        rows: list[Sequence[str]] = []
        for result in group:
            with complete(result):
                tiles.append(of_kind.tile(result))
                row = {kind: result.title, **of_kind.overview(result.content)}
                # A table of its own: a cell that is not a string is an error of this result.
                rows += Table(list(row), [list(row.values())]).rows
                sections.append(Heading(2, f"{kind.capitalize()}: {result.title}"))
                sections += (_checked(block, result) for block in of_kind.section(result.content))
                sections.append(provenance.run_details(result))
        overview.append(Table(list(row), rows))
    return [
        Heading(1, _TITLE),
        *provenance.subtitle(results),
        *_notices(results, comparison, missing),
        *([Tiles(tiles), Heading(2, "Overview"), *overview] if overview else []),
        *(_compared(comparison) if comparison else []),
        *sections,
        *provenance.section(results),
    ]


def _checked(block: Block, result: Result) -> Block:
    """The block; if it is a plot, drawing it names the result whose values cannot be drawn."""
    return replace(block, draw=complete(result)(block.draw)) if isinstance(block, Plot) else block


def _notices(results: Sequence[Result], comparison: Comparison | None, missing: Sequence[str]) -> list[Block]:
    warnings: dict[bool, list[str]] = {True: [], False: []}
    for result in results:
        for warning in result.content["warnings"]:
            warnings[result.unreliable].append(f"{result.kind}, {result.title}: {warning}")
    notices = {
        "Worse than before": [row.sentence() for row in comparison.regressions] if comparison else [],
        "Not measured": missing,
        "Unreliable timings: do not publish them": warnings[True],
        "Warnings": warnings[False],
    }
    return [Notice(title, lines) for title, lines in notices.items() if lines]


def _compared(comparison: Comparison) -> list[Block]:
    blocks: list[Block] = [Heading(2, "Compared with before")]
    if comparison.rows:
        blocks.append(Text(METHOD))
    if comparison.notes:
        blocks.append(Notice("Not compared", comparison.notes))
    for configuration, rows in groupby(comparison.rows, attrgetter("configuration")):
        blocks += [Heading(3, configuration), Table(_COMPARED, [row.cells() for row in rows])]
    return blocks
