"""Silencing of stderr, for libraries that print there."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_MUTING = threading.RLock()


@contextmanager
def muted_stderr() -> Iterator[None]:
    """Discard all output to stderr, that of native code too; exceptions are raised. One thread at a time."""
    with _MUTING:
        _flush_stderr()
        try:
            saved = os.dup(2)
        except OSError:  # stderr is closed
            yield
            return
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, 2)
            yield
        finally:
            _flush_stderr()
            os.dup2(saved, 2)
            os.close(saved)
            os.close(null)


def _flush_stderr() -> None:
    if sys.stderr is not None:  # it is None in a program without streams
        sys.stderr.flush()
