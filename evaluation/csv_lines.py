"""Lines of csv files from outside, each by itself and of bounded length."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from edge.core.errors import DataError

MOST_CHARACTERS = 100_000
"""Longest line, in characters; a picture takes fewer than 10,000."""


def numbered_lines(path: Path, expected: str) -> Iterator[tuple[int, str]]:
    """Number, from 1, and text of every line that is not blank.

    Args:
        path: the file; bytes that are not UTF-8 are replaced.
        expected: end of the error message for a line that is too long: what the file should be.

    Raises:
        DataError: a line has ``MOST_CHARACTERS`` or more.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, text in enumerate(iter(partial(file.readline, MOST_CHARACTERS), ""), start=1):
            if len(text) == MOST_CHARACTERS:
                raise DataError(f"{path}:{number} has {MOST_CHARACTERS} characters or more: {expected}")
            if text.strip():
                yield number, text
