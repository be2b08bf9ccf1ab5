"""The FER2013 csv files, and the FER+ votes beside them.

``fer2013.csv`` (columns emotion,pixels,Usage) and ``icml_face_data.csv`` (the same columns in
another order, with spaces in the header) are Kaggle's. ``fer2013new.csv`` is Microsoft's FERPlus:
one row of votes for each row of ``fer2013.csv``, in the same order.

Files that went through other hands are read as well: further columns, ``;`` or tabs in place of commas,
names of emotions, whole numbers with decimals (``70.0``), lists of pixels, no ``Usage``.
"""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError
from edge.core.text import escaped
from evaluation.datasets.csv_rows import Row, read_rows
from evaluation.datasets.mapping import named
from evaluation.datasets.sample import NO_SPLIT, Sample
from evaluation.label_sets import FER2013, FERPLUS_VOTES

COLUMNS = ("emotion", "pixels", "Usage")
VOTES_FILE = "fer2013new.csv"
SIDE = 48
"""Side of every FER2013 picture, px; they are grey squares."""

_NUMBERS = {f"{value:0{width}}": value for value in range(256) for width in (1, 2, 3)}
"""Value of each byte's text, with leading zeros or without. Stricter than ``int``, which takes ``+5`` and
``1_0``, and faster."""

_Votes = tuple[str, tuple[int, ...] | None]
"""Usage and votes of a row in the FER+ file."""


def read(path: Path, on_bad: Callable[[str], None]) -> Iterator[Sample]:
    """The pictures of a FER2013 csv, in file order; see ``evaluation.read_dataset``.

    Raises:
        DataError: a missing column, or votes that do not belong to these rows.
    """
    header, rows = _open(path, COLUMNS, optional="Usage")
    votes_path, has_usage = path.with_name(VOTES_FILE), "usage" in header
    has_votes = votes_path.is_file()
    if not has_usage:
        splits = (
            f"splits are those of {votes_path}" if has_votes else f"all rows are in the split {NO_SPLIT!r}"
        )
        on_bad(f"{path}: no column 'Usage' in {_shown(header)}; {splits}")
    pairs = _with_votes(path, rows, has_usage, on_bad) if has_votes else zip(rows, itertools.repeat(None))
    for (line, fields), votes in pairs:
        try:
            row = _named_fields(header, fields)
            usage = escaped(row.get("usage", votes[0] if votes else NO_SPLIT))
            label = _label(row["emotion"])
            picture = _pixels(row["pixels"])
        except ValueError as error:
            on_bad(f"{path}:{line}: {error}")
            continue
        if votes is not None and escaped(votes[0]) != usage:
            raise DataError(
                f"{votes_path} does not belong to {path}: line {line} is {votes[0]!r} there "
                f"and {usage!r} here; put the matching file beside it, or none"
            )
        yield Sample(picture, label, f"{path.name}:{line}", usage, votes[1] if votes else None)


def _open(path: Path, expected: tuple[str, ...], optional: str = "") -> tuple[list[str], Iterator[Row]]:
    """The header of a file in lower case, and the rows after it.

    Raises:
        DataError: it lacks one of the ``expected`` columns, apart from the ``optional`` one.
    """
    rows = read_rows(path, "expected a csv file of pictures")
    header = [name.lower() for name in next(rows, (0, []))[1]]
    missing = [name for name in expected if name.lower() not in header and name != optional]
    if missing:
        raise DataError(
            f"{path} lacks the column {missing[0]!r}: expected {','.join(expected)}, found {_shown(header)}"
        )
    return header, rows


def _shown(header: list[str]) -> str:
    return repr(",".join(header))[:100]


def _named_fields(header: list[str], fields: list[str]) -> dict[str, str]:
    """The fields of a row by column; of several columns with one name, the first.

    Raises:
        ValueError: fields are missing, or there are more of them than columns.
    """
    needed = max(header.index(name.lower()) for name in COLUMNS if name.lower() in header)
    if len(fields) <= needed or any(fields[len(header) :]):
        raise ValueError(f"expected {len(header)} fields, found {len(fields)}")
    return dict(reversed([*zip(header, fields, strict=False)]))


def _with_votes(
    path: Path, rows: Iterator[Row], has_usage: bool, on_bad: Callable[[str], None]
) -> Iterator[tuple[Row, _Votes]]:
    """Each row with its row of votes in the FER+ file beside it.

    Raises:
        DataError: there are fewer rows of votes; or more, and no usage would show that they do not belong.
    """
    votes_path = path.with_name(VOTES_FILE)
    for row, votes in itertools.zip_longest(rows, _votes(votes_path, on_bad)):
        if votes is None or (row is None and not has_usage):
            number = "fewer" if votes is None else "more"
            raise DataError(
                f"{votes_path} has {number} rows than {path}: put the matching file beside it, or none"
            )
        if row is None:
            return
        yield row, votes


def _votes(votes_path: Path, on_bad: Callable[[str], None]) -> Iterator[_Votes]:
    """Every row of the FER+ file."""
    header, rows = _open(votes_path, ("Usage", *FERPLUS_VOTES))
    usage, *places = (header.index(name.lower()) for name in ("Usage", *FERPLUS_VOTES))
    for line, fields in rows:
        try:
            votes = tuple(_NUMBERS[fields[place]] for place in places)
        except (KeyError, IndexError):
            on_bad(f"{votes_path}:{line}: expected {len(FERPLUS_VOTES)} numbers of votes; read without votes")
            votes = None
        yield fields[usage] if len(fields) > usage else "", votes


def _label(text: str) -> str:
    number = _byte(text)
    if number is not None and number < len(FER2013):
        return FER2013[number]
    label = named(text)
    if label is None:
        raise ValueError(f"unknown class {text[:20]!r}, expected 0…{len(FER2013) - 1} or an emotion")
    return label


def _pixels(text: str) -> NDArray[np.uint8]:
    fields = text.strip("[]").replace(",", " ").split()
    if len(fields) != SIDE * SIDE:
        raise ValueError(f"expected {SIDE * SIDE} pixels, found {len(fields)}")
    try:
        values = bytes(map(_NUMBERS.__getitem__, fields))
    except KeyError:
        values = bytes(map(_pixel, fields))
    return np.frombuffer(values, np.uint8).reshape(SIDE, SIDE)


def _pixel(text: str) -> int:
    value = _byte(text)
    if value is None:
        raise ValueError(f"pixel {text[:20]!r} is not a whole number 0…255")
    return value


def _byte(text: str) -> int | None:
    """A whole number 0…255, ``"70"`` or ``"70.0"``; None for anything else."""
    whole, _, decimals = text.partition(".")
    return None if decimals.strip("0") else _NUMBERS.get(whole)
