"""The answer to every picture of a run of ``accuracy``, as a CSV file (RFC 4180)."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Literal, NamedTuple

import numpy as np

from benchmarks.accuracy.classes import Classes
from benchmarks.systems.evaluator import PictureAnswers
from edge.core.errors import DataError
from edge.core.files import replacing

COLUMNS = ("name", "true", "predicted", "found", "status", "reasons")
"""Columns before the probability ``p_CLASS`` of each class."""

_EXPECTED = "expected what `mien benchmark accuracy --answers` writes"


class GivenAnswer(NamedTuple):
    """The true and the answered class of a picture."""

    true: str
    predicted: str
    """The answered class; empty: a miss."""

    @property
    def right(self) -> bool:
        """Whether the answer is right; a miss is wrong."""
        return self.true == self.predicted


def write(path: Path, outcomes: Sequence[PictureAnswers], classes: Classes) -> None:
    """Write a row for each picture; the file is replaced as a whole or not at all.

    Raises:
        OSError: see ``edge.core.files.replacing``.
    """
    with replacing(path) as temporary, _open(temporary, "w") as file:
        rows = csv.writer(file)
        rows.writerow([*COLUMNS, *(f"p_{name}" for name in classes.names)])
        rows.writerows(_row(outcome, classes) for outcome in outcomes)


def read(path: Path) -> dict[str, GivenAnswer]:
    """The answer to each picture, by its name, in the order of the file.

    Raises:
        DataError: the file cannot be read, or holds something else.
    """
    try:
        with _open(path, "r") as file:
            return _read(path, file)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; {_EXPECTED}") from None
    except csv.Error as error:
        raise DataError(f"{path} has no answers ({error}): {_EXPECTED}") from None


def holds_answers(content: bytes) -> bool:
    """Whether the content of a file is that of answers."""
    header = content.partition(b"\n")[0].decode(errors="replace")
    try:
        return _is_header(next(csv.reader([header]), []))
    except csv.Error:
        return False


def _read(path: Path, file: IO[str]) -> dict[str, GivenAnswer]:
    rows = csv.reader(file, strict=True)
    header = next(rows, [])
    if not _is_header(header):
        raise DataError(f"{path} has no answers: {_EXPECTED}")
    found: dict[str, GivenAnswer] = {}
    for row in rows:
        if len(row) != len(header):
            raise DataError(
                f"{path}:{rows.line_num}: expected {len(header)} columns, found {len(row)}; "
                "run `mien benchmark accuracy --answers` again"
            )
        name, true, predicted = row[:3]
        if name in found:
            raise DataError(f"{path}:{rows.line_num}: {name!r} stands there twice; {_EXPECTED}")
        found[name] = GivenAnswer(true, predicted)
    return found


def _row(outcome: PictureAnswers, classes: Classes) -> Iterator[str]:
    yield outcome.name
    yield classes.true(outcome.true)
    if (answer := outcome.answer) is None:
        yield from ["", "false", *[""] * (len(COLUMNS) - 4 + len(classes.names))]
        return
    probabilities = classes.probabilities(answer.probabilities)
    yield classes.names[int(np.argmax(probabilities))]
    yield "true" if answer.found else "false"
    yield str(answer.status)
    yield " ".join(answer.reasons)
    yield from (f"{value:.6f}" for value in probabilities.tolist())


def _is_header(row: Sequence[str]) -> bool:
    return tuple(row[: len(COLUMNS)]) == COLUMNS


def _open(path: Path, mode: Literal["r", "w"]) -> IO[str]:
    # File names may hold bytes that are no UTF-8; Excel puts a mark before the first column.
    encoding = "utf-8" if mode == "w" else "utf-8-sig"
    return path.open(mode, newline="", encoding=encoding, errors="surrogateescape")
