"""The two kinds of csv files that ``train.dataset.subjects`` reads."""

import math
import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.core import features
from edge.core.errors import DataError
from evaluation.datasets.csv_rows import Row, read_rows
from evaluation.datasets.mapping import Mapping, named

POINTS = 68
WHOLE_FILE = ""
"""Name of the sequence of landmarks without sequence numbers."""

_COORDINATE = re.compile(r"([xy])_?([0-9]{1,4})")
_SEQUENCE = ("file", "sequence")
"""Names of the column with the number of the sequence."""


def emotions_of_all(path: Path, codes: Mapping) -> dict[str, Mapping]:
    """Read a file with the columns subject, file, emotion: subject → sequence → emotion.

    Raises:
        DataError: a column is missing, an emotion is unknown, or a sequence has two of them.
    """
    rows = _rows(path)
    header = [name.lower() for name in next(rows, (0, []))[1]]
    if not {"subject", "file", "emotion"} <= set(header):
        raise DataError(f"{path} needs a header with the columns subject, file, emotion")
    subject, file, emotion = (header.index(name) for name in ("subject", "file", "emotion"))
    result: dict[str, Mapping] = {}
    for line, fields in rows:
        if len(fields) != len(header):
            raise DataError(f"{path}:{line}: expected {len(header)} fields, found {len(fields)}")
        of_subject = result.setdefault(fields[subject], {})
        _add(of_subject, _number(fields[file]), fields[emotion], codes, f"{path}:{line}")
    return result


def emotions_of_one(path: Path, codes: Mapping) -> Mapping:
    """Read the file of one subject: sequence → emotion. It has lines ``file;emotion``, or only ``emotion``,
    and a header or none.

    Raises:
        DataError: the file is missing or empty, an emotion is unknown, or a sequence has two of them.
    """
    if not path.is_file():
        raise DataError(f"no {path}: the subject's sequences have no emotion")
    result: Mapping = {}
    columns: tuple[int | None, int] | None = None
    for line, fields in _rows(path):
        if columns is None:
            names = [name.lower() for name in fields]
            if "emotion" in names:
                columns = _sequence_column(names), names.index("emotion")
                continue
            columns = (None, 0) if len(fields) == 1 else (0, 1)
        if len(fields) <= max(column for column in columns if column is not None):
            raise DataError(f"{path}:{line}: expected file and emotion, or only an emotion")
        sequence = WHOLE_FILE if columns[0] is None else _number(fields[columns[0]])
        _add(result, sequence, fields[columns[1]], codes, f"{path}:{line}")
    if not result:
        raise DataError(f"{path} is empty: expected an emotion")
    return result


def landmarks(
    path: Path, emotions: Mapping, on_bad: Callable[[str], None]
) -> dict[str, NDArray[np.float32] | None]:
    """Read the landmarks of one subject: sequence → float32 (T, 68, 2); None for a sequence with a bad line.

    Args:
        path: a line for each frame: 136 numbers ``x0;y0;x1;y1;…``, or the number of the sequence and
            those; or a header that names the columns.
        emotions: emotions of this subject. Where only ``WHOLE_FILE`` has one, all lines are one sequence.
        on_bad: called for every bad line.

    Raises:
        DataError: other columns.
    """
    rows = _rows(path)
    first = next(rows, (0, list[str]()))
    columns = _columns(first[1], path)
    frames: dict[str, list[NDArray[np.float32]]] = {}
    bad: set[str] = set()
    for line, fields in chain([] if columns.has_header else [first], rows):
        sequence = _sequence_of(fields, columns, emotions, path)
        try:
            frames.setdefault(sequence, []).append(_points(fields, columns))
        except ValueError as error:
            bad.add(sequence)
            on_bad(f"{path}:{line}: {error}; the sequence is excluded")
    return {key: None if key in bad else np.stack(points) for key, points in frames.items()}


class _Columns(NamedTuple):
    width: int
    """Number of fields in a line."""
    sequence: int | None
    """Position of the sequence number; None: there is none."""
    coordinates: list[int]
    """Positions of the 136 coordinates x0 y0 x1 y1 …"""
    has_header: bool


def _columns(first: list[str], path: Path) -> _Columns:
    width = len(first)
    if all(map(_is_number, first)):
        if width not in (2 * POINTS, 2 * POINTS + 1):
            raise DataError(
                f"{path} has {width} columns: expected {2 * POINTS} numbers x0;y0;x1;y1;…, or the number of "
                f"the sequence and those, or a header with x_0…x_{POINTS - 1} and y_0…y_{POINTS - 1}"
            )
        extra = width - 2 * POINTS
        return _Columns(width, 0 if extra else None, list(range(extra, width)), has_header=False)
    places = {
        (match[1], int(match[2])): place
        for place, name in enumerate(first)
        if (match := _COORDINATE.fullmatch(name))
    }
    start = min((index for _, index in places), default=0)
    wanted = [(axis, start + index) for index in range(POINTS) for axis in "xy"]
    if set(places) != set(wanted):
        raise DataError(
            f"{path} has a header with {len(places)} coordinates: expected exactly x_0…x_{POINTS - 1} and "
            f"y_0…y_{POINTS - 1}"
        )
    sequence = _sequence_column([name.lower() for name in first])
    return _Columns(width, sequence, [places[name] for name in wanted], has_header=True)


def _sequence_of(fields: list[str], columns: _Columns, emotions: Mapping, path: Path) -> str:
    if WHOLE_FILE in emotions:
        return WHOLE_FILE
    if columns.sequence is not None:
        return _number(fields[columns.sequence]) if len(fields) > columns.sequence else WHOLE_FILE
    if len(emotions) == 1:
        return next(iter(emotions))
    raise DataError(f"{path} does not say which sequence a frame belongs to: expected a first column with it")


def _points(fields: list[str], columns: _Columns) -> NDArray[np.float32]:
    if len(fields) != columns.width:
        raise ValueError(f"expected {columns.width} fields, found {len(fields)}")
    numbers = [_coordinate(fields[place]) for place in columns.coordinates]
    values = np.array(numbers, np.float32)
    points = values.reshape(POINTS, 2)
    if not np.ptp(points, axis=0).all():
        raise ValueError("the points lie in one place or on one line")
    features.align(points)  # raises what it would raise later
    return points


def _coordinate(text: str) -> float:
    value = float(text) if _is_number(text) else math.nan
    if not abs(value) < 1e30:  # also true for NaN
        raise ValueError(f"{text[:20]!r} is not a coordinate: expected a finite number")
    return value


def _add(emotions: Mapping, sequence: str, text: str, codes: Mapping, place: str) -> None:
    key = _number(text)
    emotion = codes[key] if key in codes else named(text)
    if emotion is None and key not in codes:
        known = ", ".join(f"{code} {name}" for code, name in codes.items() if name)
        raise DataError(
            f"{place}: unknown emotion {text[:20]!r}, expected a name or a number ({known}); "
            "a mapping file says what other numbers mean"
        )
    if emotions.setdefault(sequence, emotion) != emotion:
        raise DataError(f"{place}: a second emotion for the same sequence")


def _sequence_column(names: list[str]) -> int | None:
    return next((names.index(name) for name in _SEQUENCE if name in names), None)


def _number(text: str) -> str:
    """A whole number without leading zeros or decimals, as ``"1"`` for ``"001"`` and ``"1.0"``; other
    text as it is."""
    return f"{float(text):.0f}" if _is_number(text) and float(text).is_integer() else text


def _is_number(text: str) -> bool:
    try:
        return not math.isinf(float(text))
    except ValueError:
        return False


def _rows(path: Path) -> Iterator[Row]:
    """``read_rows`` without the empty fields that separators at the end of a line make."""
    for line, fields in read_rows(path, "not one of landmarks"):
        while len(fields) > 1 and not fields[-1]:
            fields.pop()
        yield line, fields
