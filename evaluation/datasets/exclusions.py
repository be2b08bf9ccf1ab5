"""Messages about excluded parts of a data set, which the error of unusable data repeats."""

from collections.abc import Callable

from edge.core.errors import DataError
from edge.core.text import escaped

_SHOWN = 3
"""Number of messages that an error repeats."""


class Exclusions:
    """Passes messages about excluded data on, and keeps the first of them."""

    def __init__(self, on_bad: Callable[[str], None]) -> None:
        """``on_bad`` is called with every message."""
        self._on_bad = on_bad
        self._first: list[str] = []
        self._count = 0

    def __call__(self, message: str) -> None:
        message = escaped(message)  # it has names of files, which may hold anything
        self._count += 1
        if len(self._first) < _SHOWN:
            self._first.append(message)
        self._on_bad(message)

    def error(self, what: str) -> DataError:
        """An error with the message ``what``, followed by the first messages."""
        more = self._count - len(self._first)
        first = "; ".join([*self._first, *([f"and {more} more"] if more else [])])
        return DataError(f"{what}: {first}" if first else what)
