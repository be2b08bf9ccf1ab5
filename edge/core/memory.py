"""The unused memory of the process."""

import ctypes
from contextlib import suppress


def trim_heap() -> None:
    """Return freed memory to the system, such as that of the start or of a network that was replaced.

    glibc keeps it otherwise, in pieces into which later allocations may not fit. Other C libraries have no
    such function; there nothing happens.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
