"""A document of a few kinds of block, as one HTML page, as Markdown, or as text for a terminal."""

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import NamedTuple

from matplotlib.figure import Figure

from edge.core.text import escaped
from evaluation.document import html_header, html_page, html_row, markdown_table, plain
from train.plotting import svg


@dataclass(frozen=True, slots=True)
class Heading:
    """Level 1 is the title."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; its lines stay lines, but not in Markdown."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Cells; the first one of each row is its name."""

    columns: list[str]
    rows: list[list[str]]
    tint: list[list[float]] | None = None
    """0–1 for each cell but the first of a row: how strong its colour is."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure; plots that follow each other stand side by side."""

    file: str
    """Name of its PNG file, which stands beside a Markdown document."""
    figure: Figure
    caption: str


class Picture(NamedTuple):
    """A small picture."""

    png: bytes
    name: str
    caption: str


@dataclass(frozen=True, slots=True)
class Pictures:
    """Small pictures under a heading, in HTML only."""

    title: str
    pictures: list[Picture]


Block = Heading | Text | Table | Plot | Pictures

_CSS = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #d0d7de; --dim: #57606a; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #14171c; --line: #39414a; --dim: #9aa4ae; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; font: 1rem/1.5 system-ui, sans-serif;
  color: var(--ink); background: var(--paper); overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.2; }
h1, h2, h3, p { break-after: avoid; }
p { white-space: pre-line; }
h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.table { overflow-x: auto; margin-bottom: 1rem; break-inside: avoid; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right;
  overflow-wrap: normal; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
th:first-child { text-align: left; font-weight: 600; position: sticky; left: 0;
  background: var(--paper); }
thead th { color: var(--dim); font-weight: 600; vertical-align: bottom; }
.facts td { text-align: left; overflow-wrap: anywhere; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.6rem, 1fr)); gap: .75rem; }
figure { margin: 0; break-inside: avoid; }
figcaption { font-size: .8rem; line-height: 1.3; color: var(--dim); }
svg { width: 100%; height: auto; max-width: 34rem; display: block; }
svg text { font-family: inherit; }
img { display: block; }
@media (max-width: 40rem) { table { font-size: .8rem; } th, td { padding: .25rem .4rem; } }
@media print {
  :root { color-scheme: light; --ink: #000; --paper: #fff; --line: #bbb; --dim: #444; font-size: 12px; }
  .plots { grid-template-columns: 1fr 1fr; }
  img { max-width: 100%; }
}
"""


def html(blocks: Iterable[Block]) -> str:
    """One page that needs nothing beside itself; all text in it is escaped."""
    blocks = list(blocks)
    title = next(block.text for block in blocks if isinstance(block, Heading))
    parts = []
    for kind, group in groupby(blocks, type):
        inner = "\n".join(map(_element, group))
        parts.append(f'<div class="plots">\n{inner}\n</div>' if kind is Plot else inner)
    return html_page(title, _CSS, "\n".join(parts))


def _element(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f"<h{level}>{escape(text)}</h{level}>"
        case Text(text):
            return f"<p>{escape(text)}</p>"
        case Table():
            return _html_table(block)
        case Plot(_, figure, caption):
            image = svg(figure).replace("<svg", f'<svg role="img" aria-label="{escape(caption)}"', 1)
            return _figure(image, caption)
        case Pictures(title, pictures):
            inner = "\n".join(map(_html_picture, pictures))
            return f'<h3>{escape(title)}</h3>\n<div class="pictures">\n{inner}\n</div>'


def _html_picture(picture: Picture) -> str:
    source, name = base64.b64encode(picture.png).decode(), escape(picture.name)
    image = f'<img src="data:image/png;base64,{source}" alt="{name}" title="{name}">'
    return _figure(image, picture.caption)


def _figure(image: str, caption: str) -> str:
    return f"<figure>\n{image}\n<figcaption>{escape(caption)}</figcaption>\n</figure>"


def _html_table(table: Table) -> str:
    body = []
    for number, (name, *cells) in enumerate(table.rows):
        tints = map(_tint, table.tint[number] if table.tint else [0.0] * len(cells))
        body.append(html_row(name, cells, tints))
    kind = ' class="facts"' if not any(table.columns) else ""
    header = f"{html_header(table.columns)}\n" if any(table.columns) else ""
    rows = "\n".join(body)
    return f'<div class="table"><table{kind}>\n{header}<tbody>\n{rows}\n</tbody>\n</table></div>'


def _tint(strength: float) -> str:
    return f' style="background: rgb(76 139 214 / {0.8 * strength:.2f})"' if strength else ""


def markdown(blocks: Iterable[Block]) -> str:
    """The same without the small pictures; the plots are files beside it."""
    write: dict[type, Callable[..., str]] = {
        Heading: lambda block: f"{'#' * block.level} {plain(block.text)}",
        Text: lambda block: plain(block.text),
        Table: lambda block: markdown_table(block.columns, block.rows, numbers=any(block.columns)),
        Plot: lambda block: f"![{plain(block.caption)}]({block.file})",
    }
    return "\n\n".join(write[type(block)](block) for block in blocks if type(block) in write) + "\n"


def text(blocks: Iterable[Block]) -> str:
    """The headings, paragraphs and tables, as wide as they need to be."""
    write: dict[type, Callable[..., str]] = {
        Heading: lambda block: f"\n{escaped(block.text).upper()}",
        Text: lambda block: "\n".join(map(escaped, block.text.split("\n"))),
        Table: _text_table,
    }
    return "\n".join(write[type(block)](block) for block in blocks if type(block) in write).lstrip("\n")


def _text_table(table: Table) -> str:
    lines = [[escaped(cell) for cell in row] for row in (table.columns, *table.rows)]
    first, *others = (max(map(len, column)) for column in zip(*lines, strict=True))
    return "\n".join(
        "  ".join(
            [name.ljust(first), *(cell.rjust(width) for cell, width in zip(cells, others, strict=True))]
        ).rstrip()
        for name, *cells in lines
    )
