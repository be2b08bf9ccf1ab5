"""The progress of a long command, in a terminal only."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from edge.cli.console import CLEAR_LINE
from edge.core.text import escaped

_INTERVAL_S = 0.5
_LEAST_RATE = 0.1
"""Lowest rate that is shown, items a second."""

T = TypeVar("T")


def show_progress(items: Iterable[T], unit: str, total: int = 0) -> Iterator[T]:
    """Pass the items on, and show on a terminal how many they were so far, twice a second.

    Args:
        unit: what is counted, in the plural.
        total: expected number of items; 0: unknown.
    """
    started = shown = time.monotonic()
    if not sys.stderr.isatty():
        yield from items
        return
    number = 0
    of = f" of {total}" if total else ""
    for number, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now - shown > _INTERVAL_S:
            shown = now
            rate = number / (now - started)
            speed = f", {rate:.1f}/s" if rate >= _LEAST_RATE else ""
            text = f"{CLEAR_LINE}{number}{of} {escaped(unit)}{speed} "
            print(text, end="", file=sys.stderr, flush=True)
    print(f"{CLEAR_LINE}{number} {escaped(unit)} in {time.monotonic() - started:.0f} s", file=sys.stderr)
