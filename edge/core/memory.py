"""Memory of the process that nothing uses any more."""

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Return to the system what starting, or a network before this one, has used and left.

    glibc keeps it, in pieces that what comes next may not fit in. Other C libraries have no such function;
    there nothing happens.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
