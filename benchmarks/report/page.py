"""A document of a few kinds of block, as one HTML page that needs nothing beside itself, and as Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from benchmarks.report.style import CSS
from evaluation.document import html_header, html_page, html_row, markdown_table, plain


@dataclass(frozen=True, slots=True)
class Heading:
    """Level 1 is the title; the table of contents is made of those of level 2."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Contents:
    """Links to the headings of level 2, in HTML only."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What must not be overlooked."""

    title: str
    lines: Sequence[str]


class Tile(NamedTuple):
    """One figure, large."""

    value: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Tiles:
    """The most important figures, side by side."""

    tiles: Sequence[Tile]


@dataclass(frozen=True, slots=True)
class Table:
    """Cells; the first one of each row is its name."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    tint: Sequence[Sequence[float]] | None = None
    """0–1 for each cell but the first of a row: a heat map, how strong the colour is."""
    folded: str = ""
    """What to press on, in HTML, to see it."""
    facts: bool = False
    """Cells are words, not numbers."""
    diagonal: bool = False
    """The cells from the top left to the bottom right are framed."""

    def __post_init__(self) -> None:
        """
        Raises:
            TypeError: a cell is no text, for it comes from a result that is not whole.
        """
        if not all(isinstance(cell, str) for row in (self.columns, *self.rows) for cell in row):
            raise TypeError("a table has a cell that is no text")


@dataclass(frozen=True, slots=True)
class Plot:
    """Drawings that belong together, and what they show."""

    drawings: Sequence[str]
    """SVG elements."""
    caption: str
    data: Table | None = None
    """The same in numbers, where no other table has them: all that Markdown shows of it."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Plots and tables side by side, where the screen is wide enough."""

    blocks: Sequence[Plot | Table]


Block = Heading | Text | Contents | Notice | Tiles | Table | Plot | Beside


def html(blocks: Sequence[Block]) -> str:
    """One page without scripts and without anything from outside; all text in it is escaped."""
    headings = [block for block in blocks if isinstance(block, Heading)]
    places = {id(heading): f"part-{number}" for number, heading in enumerate(headings)}
    parts = [_element(block, headings, places) for block in blocks]
    return html_page(headings[0].text, CSS, "\n".join(["<main>", *parts, "</main>"]))


def _element(block: Block, headings: Sequence[Heading], places: dict[int, str]) -> str:
    match block:
        case Heading(level, text):
            return f'<h{level} id="{places[id(block)]}">{escape(text)}</h{level}>'
        case Text(text):
            return f"<p>{escape(text)}</p>"
        case Contents():
            links = [
                f'<a href="#{places[id(each)]}">{escape(each.text)}</a>'
                for each in headings
                if each.level == 2
            ]
            return f'<nav aria-label="Contents">{" ".join(links)}</nav>'
        case Notice(title, lines):
            items = "".join(f"<li>{escape(line)}</li>" for line in lines)
            return f'<div class="notice" role="note"><strong>⚠ {escape(title)}</strong><ul>{items}</ul></div>'
        case Tiles(tiles):
            return f'<div class="tiles">\n{"".join(map(_tile, tiles))}</div>'
        case Table():
            return _table(block)
        case Plot(drawings, caption, data):
            inner = "\n".join(drawings)
            inner = f'<div class="multiples">\n{inner}\n</div>' if len(drawings) > 1 else inner
            table = _table(data) if data else ""
            words = f"<figcaption>{escape(caption)}</figcaption>\n" if caption else ""
            return f"<figure>\n{inner}\n{words}{table}</figure>"
        case Beside(blocks):
            inner = "\n".join(f"<div>{_element(block, headings, places)}</div>" for block in blocks)
            return f'<div class="beside">\n{inner}\n</div>'


def _tile(tile: Tile) -> str:
    value, name, detail = map(escape, tile)
    return f'<div class="tile"><b>{value}</b><span>{name}</span><small>{detail}</small></div>\n'


def _table(table: Table) -> str:
    body = []
    for number, (name, *cells) in enumerate(table.rows):
        tints = table.tint[number] if table.tint else [None] * len(cells)
        looks = [_look(tint, table.diagonal and number == place) for place, tint in enumerate(tints)]
        body.append(html_row(name, cells, looks))
    kind = ' class="heat"' if table.tint else ' class="facts"' if table.facts else ""
    rows = "\n".join(body)
    # A part that scrolls must be within reach of the keyboard.
    text = (
        f'<div class="table" tabindex="0"><table{kind}>\n{html_header(table.columns)}\n'
        f"<tbody>\n{rows}\n</tbody>\n</table></div>"
    )
    return f"<details><summary>{escape(table.folded)}</summary>\n{text}\n</details>" if table.folded else text


def _look(tint: float | None, framed: bool) -> str:
    style = "" if tint is None else f' style="--t: {min(max(tint, 0.0), 1.0):.2f}"'
    return f'{style} class="strong"' if framed else style


def markdown(blocks: Iterable[Block]) -> str:
    """The same for readers of Markdown: numbers in place of drawings."""
    return "\n\n".join(text for text in map(_markdown, blocks) if text) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f"{'#' * level} {plain(text)}"
        case Text(text):
            return plain(text)
        case Contents():
            return ""
        case Notice(title, lines):
            return "\n".join([f"> **⚠ {plain(title)}**", ">", *(f"> - {plain(line)}" for line in lines)])
        case Tiles(tiles):
            rows = [[tile.name, tile.value, tile.detail] for tile in tiles]
            return markdown_table(["", "", ""], rows, numbers=True)
        case Table():
            table = markdown_table(block.columns, block.rows, numbers=not block.facts)
            return "\n\n".join(filter(None, [plain(block.folded), table]))
        case Plot(_, _, data):
            return _markdown(data) if data else ""
        case Beside(blocks):
            return "\n\n".join(filter(None, map(_markdown, blocks)))
