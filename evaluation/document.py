"""Pieces of the pages that ``train`` and ``benchmarks`` write: one file of HTML, and Markdown."""

import re
from collections.abc import Iterable, Sequence
from html import escape


def encoded(text: str) -> bytes:
    """Text as UTF-8. What that has no bytes for, a part of a file name that is not UTF-8, is escaped."""
    return text.encode("utf-8", "backslashreplace")


def html_page(title: str, css: str, body: str) -> str:
    """A whole HTML page around ``body``, which is HTML already."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{css}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def html_header(columns: Iterable[str]) -> str:
    """The head of a table."""
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    return f"<thead><tr>{cells}</tr></thead>"


def html_row(name: str, cells: Sequence[str], attributes: Iterable[str]) -> str:
    """A row of a table: its name, and cells with an attribute each, which starts with a space or is empty."""
    inner = "".join(
        f"<td{attribute}>{escape(cell)}</td>" for cell, attribute in zip(cells, attributes, strict=True)
    )
    return f'<tr><th scope="row">{escape(name)}</th>{inner}</tr>'


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: bool) -> str:
    """A table whose first column is words; the others are aligned as numbers or as words."""
    rule = ["---", *["---:" if numbers else "---"] * (len(columns) - 1)]
    lines = [map(plain, columns), rule, *(map(plain, row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plain(text: str) -> str:
    """Text without a meaning in Markdown, on one line."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))
