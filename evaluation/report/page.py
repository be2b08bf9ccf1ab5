"""Blocks of a report → one HTML page, Markdown, or text for a terminal.

Jinja2 is imported when a page is made, matplotlib when a plot is drawn: everything else works without them.
"""

import base64
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from edge.core.text import escaped
from evaluation.report import figures
from evaluation.report.figures import Drawing

DASH = "–"
"""What stands for a number that is undefined or was not measured."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading. Level 1 is the title of the page; its table of contents lists those of level 2."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph. Its line breaks are kept, except in Markdown."""

    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A box with warnings."""

    title: str
    lines: Sequence[str]


class Tile(NamedTuple):
    """One important number."""

    value: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Tiles:
    """The most important numbers of a report, in large type side by side."""

    tiles: Sequence[Tile]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first cell of each row is the row's name."""

    columns: Sequence[str]
    """Column names; if all are empty, HTML shows no header."""
    rows: Sequence[Sequence[str]]
    tint: Sequence[Sequence[float]] | None = None
    """Makes a heat map: the strength of the colour, 0–1, for each cell but the first of a row."""
    diagonal: bool = False
    """Frame the cells on the diagonal: the right answers of a confusion matrix."""
    folded: str = ""
    """If given, HTML shows this summary, and the table once a reader opens it."""
    facts: bool = False
    """The cells are words (aligned left), not numbers (aligned right)."""

    def __post_init__(self) -> None:
        """
        Raises:
            TypeError: a cell is not a string, which happens with damaged results.
        """
        if not all(isinstance(cell, str) for row in (self.columns, *self.rows) for cell in row):
            raise TypeError("a cell of a table is not a string")


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure. Plots that follow each other stand side by side where the screen is wide enough."""

    draw: Drawing
    caption: str
    alt: str = ""
    """What the figure shows, for people who cannot see it; default: the caption."""
    file: str = ""
    """Name of its PNG file, which lies beside a Markdown document; without one, Markdown has no figure."""
    small: bool = False


class Picture(NamedTuple):
    """A small picture."""

    png: bytes
    name: str
    caption: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """Small pictures under a heading of level 3, in HTML only."""

    title: str
    pictures: Sequence[Picture]


Block = Heading | Text | Notice | Tiles | Table | Plot | Pictures


def number(value: float | None, form: str = ".2f") -> str:
    """A number in a format of ``format()``, or a dash in place of None."""
    return DASH if value is None else format(value, form)


def html(blocks: Sequence[Block]) -> str:
    """One page that needs no other file and no script; all text in it is escaped.

    Args:
        blocks: the first heading gives the title.

    Raises:
        ModuleNotFoundError: Jinja2 or, for plots, matplotlib is not installed.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["kind"] = lambda block: type(block).__name__
    environment.filters["base64"] = lambda png: base64.b64encode(png).decode()
    headings = [(place, block) for place, block in enumerate(blocks, 1) if isinstance(block, Heading)]
    page = environment.get_template("page.html").render(
        title=headings[0][1].text,
        sections=[(place, heading.text) for place, heading in headings if heading.level == 2],
        blocks=blocks,
        svg=figures.svg,
    )
    return _valid_utf8(page)


def png_files(blocks: Iterable[Block]) -> dict[str, bytes]:
    """File name → PNG of every plot that has a file.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    return {block.file: figures.png(block.draw) for block in blocks if isinstance(block, Plot) and block.file}


def markdown(blocks: Iterable[Block]) -> str:
    """The blocks as Markdown, without the small pictures."""
    return _valid_utf8("\n\n".join(filter(None, map(_markdown, blocks))) + "\n")


def text(blocks: Iterable[Block]) -> str:
    """The paragraphs and tables for a terminal, with their headings; folded tables are left out."""
    lines: list[str] = []
    headings: list[Heading] = []
    for block in blocks:
        match block:
            case Heading(level):
                headings = [*(each for each in headings if each.level < level), block]
                continue
            case Text():
                shown = [escaped(line) for line in block.text.split("\n")]
            case Table() if not block.folded:
                rows = [[escaped(cell) for cell in row] for row in (block.columns, *block.rows)]
                shown = _aligned(rows, str.ljust if block.facts else str.rjust)
            case _:
                continue
        lines += [f"\n{escaped(heading.text).upper()}" for heading in headings] + shown
        headings = []
    return "\n".join(lines).lstrip("\n")


def _markdown(block: Block) -> str:
    match block:
        case Heading(level, words):
            return f"{'#' * level} {_plain(words)}"
        case Text(words):
            return _plain(words)
        case Notice(title, lines):
            return "\n".join([f"> **⚠ {_plain(title)}**", ">", *(f"> - {_plain(line)}" for line in lines)])
        case Tiles(tiles):
            return _markdown_table([""] * 3, [(tile.name, tile.value, tile.detail) for tile in tiles], True)
        case Table():
            table = _markdown_table(block.columns, block.rows, block.facts)
            return f"{_plain(block.folded)}\n\n{table}" if block.folded else table
        case Plot() if block.file:
            return f"![{_plain(block.caption)}]({block.file})"
    return ""


def _markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]], facts: bool) -> str:
    rule = ["---", *["---" if facts else "---:"] * (len(columns) - 1)]
    lines = [map(_plain, columns), rule, *(map(_plain, row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(words: str) -> str:
    """Text on one line, with what Markdown would give a meaning escaped."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(words.split()))


def _aligned(rows: Sequence[Sequence[str]], align: Callable[[str, int], str]) -> list[str]:
    first, *others = (max(map(len, column)) for column in zip(*rows, strict=True))
    return [
        "  ".join(
            [name.ljust(first), *(align(cell, width) for cell, width in zip(cells, others, strict=True))]
        ).rstrip()
        for name, *cells in rows
    ]


def _valid_utf8(document: str) -> str:
    """Escape the parts of file names that are not UTF-8, for which UTF-8 has no bytes."""
    return document.encode("utf-8", "backslashreplace").decode("utf-8")
