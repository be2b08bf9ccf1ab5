"""Rows of csv files from outside, each parsed by itself and of bounded length."""

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from edge.core.errors import DataError

MOST_CHARACTERS = 100_000
"""Longest line, in characters; a picture takes fewer than 10,000."""

Row = tuple[int, list[str]]
"""Line number (from 1) and fields of a row."""


def read_rows(path: Path, expected: str) -> Iterator[Row]:
    """The rows of a file whose separator is the one of ``,;`` and the tab that its first row has most of.

    Blank lines are passed over. A broken quote cannot swallow the rows after it.

    Args:
        path: the file; bytes that are not UTF-8 are replaced.
        expected: end of the error message for a line that is too long: what the file should be.

    Raises:
        DataError: a line has ``MOST_CHARACTERS`` or more.
    """
    separator = None
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for line, text in enumerate(iter(partial(file.readline, MOST_CHARACTERS), ""), start=1):
            if len(text) == MOST_CHARACTERS:
                raise DataError(f"{path}:{line} has {MOST_CHARACTERS} characters or more: {expected}")
            if not text.strip():
                continue
            separator = separator or max(",;\t", key=text.count)
            fields = text.split(separator)
            if '"' in text:  # otherwise split does the same, twice as fast
                (fields,) = csv.reader([text], delimiter=separator, skipinitialspace=True)
            yield line, [field.strip() for field in fields]
