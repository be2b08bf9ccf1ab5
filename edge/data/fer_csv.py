"""The FER2013 csv files, and the FER+ votes beside them.

``fer2013.csv`` (columns emotion,pixels,Usage) and ``icml_face_data.csv`` (the same columns in
another order, with spaces in the header) are Kaggle's. ``fer2013new.csv`` is Microsoft's FERPlus:
one row of votes for each row of ``fer2013.csv``, in the same order.
"""

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError
from edge.core.labels import FER2013, FERPLUS_VOTES
from edge.data.sample import Sample

COLUMNS = ("emotion", "pixels", "Usage")
VOTES_FILE = "fer2013new.csv"
SIDE = 48
"""px; every FER2013 picture is SIDE × SIDE, grey."""
MOST_CHARACTERS = 100_000
"""In a line; a picture takes fewer than 10,000."""

_NUMBERS = {f"{value:0{width}}": value for value in range(256) for width in (1, 2, 3)}
"""Text of each byte, with leading zeros or without. Stricter than ``int``, which takes ``+5`` and
``1_0``, and faster."""

_Row = tuple[int, list[str]]
"""Line in the file (the header is line 1) and the fields."""


def read(path: Path, on_bad: Callable[[str], None]) -> Iterator[Sample]:
    """The pictures of a FER2013 csv, in file order; see ``edge.data.read_dataset``.

    Raises:
        DataError: a missing column, or votes that do not belong to these rows.
    """
    columns, rows = _open(path, COLUMNS)
    width = max(columns.values()) + 1
    for (line, fields), votes in zip(rows, _votes(path, on_bad), strict=False):
        try:
            if len(fields) != width:
                raise ValueError(f"expected {width} fields, found {len(fields)}")
            usage = fields[columns["Usage"]]
            label = _label(fields[columns["emotion"]])
            picture = _pixels(fields[columns["pixels"]])
        except ValueError as error:
            on_bad(f"{path}:{line}: {error}")
            continue
        if votes is not None and votes[0] != usage:
            raise DataError(
                f"{path.with_name(VOTES_FILE)} does not belong to {path}: line {line} is {votes[0]!r} there "
                f"and {usage!r} here; put the matching file beside it, or none"
            )
        yield Sample(picture, label, f"{path.name}:{line}", usage, votes[1] if votes else None)


def _open(path: Path, expected: tuple[str, ...]) -> tuple[dict[str, int], Iterator[_Row]]:
    """Column name → position, and the rows after the header."""
    rows = _lines(path)
    header = [name.lower() for name in next(rows, (0, []))[1]]
    missing = [name for name in expected if name.lower() not in header]
    if missing:
        raise DataError(f"{path} lacks the column {missing[0]!r}: expected {','.join(expected)}")
    return {name: header.index(name.lower()) for name in expected}, rows


def _lines(path: Path) -> Iterator[_Row]:
    """Fields of every line that is not blank. No field of these files holds a comma or a line break,
    so a broken quote cannot swallow the rows after it.

    Raises:
        DataError: a line is longer than ``MOST_CHARACTERS``.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for line, text in enumerate(iter(partial(file.readline, MOST_CHARACTERS), ""), start=1):
            if len(text) == MOST_CHARACTERS:
                raise DataError(
                    f"{path}:{line} has {MOST_CHARACTERS} characters or more: no csv file of pictures"
                )
            if text.strip():
                yield line, [field.strip().strip('"').strip() for field in text.split(",")]


def _votes(path: Path, on_bad: Callable[[str], None]) -> Iterator[tuple[str, tuple[int, ...] | None] | None]:
    """For every row its usage and votes in the FER+ file; ``None`` without end where there is none."""
    votes_path = path.with_name(VOTES_FILE)
    if not votes_path.is_file():
        yield from itertools.repeat(None)
    columns, rows = _open(votes_path, ("Usage", *FERPLUS_VOTES))
    for line, fields in rows:
        try:
            votes = tuple(_NUMBERS[fields[columns[name]]] for name in FERPLUS_VOTES)
        except (KeyError, IndexError):
            on_bad(f"{votes_path}:{line}: expected {len(FERPLUS_VOTES)} numbers of votes; read without votes")
            votes = None
        yield fields[columns["Usage"]] if len(fields) > columns["Usage"] else "", votes
    raise DataError(f"{votes_path} has fewer rows than {path}: put the matching file beside it, or none")


def _label(text: str) -> str:
    number = _NUMBERS.get(text, len(FER2013))
    if number >= len(FER2013):
        raise ValueError(f"unknown class {text[:20]!r}, expected 0…{len(FER2013) - 1}")
    return FER2013[number]


def _pixels(text: str) -> NDArray[np.uint8]:
    fields = text.split()
    if len(fields) != SIDE * SIDE:
        raise ValueError(f"expected {SIDE * SIDE} pixels, found {len(fields)}")
    try:
        values = bytes(map(_NUMBERS.__getitem__, fields))
    except KeyError as error:
        raise ValueError(f"pixel {error.args[0][:20]!r} is not a number 0…255") from None
    return np.frombuffer(values, np.uint8).reshape(SIDE, SIDE)
