"""The numbers of a run of any length, kept on disk: measuring memory must not need more and more of it."""

import tempfile

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1000
"""Rows that are held in memory."""


class Recorder:
    """Rows of whole numbers. Every 1,000 rows go to a temporary file without a name, so the process holds as
    much memory at the last row as at the first, and percentiles are exact."""

    def __init__(self, *columns: str) -> None:
        """
        Raises:
            OSError: there is no folder for temporary files.
        """
        self._block = np.zeros(_BLOCK, [(name, np.int64) for name in columns])
        self._held = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (close() closes it)

    def add(self, *values: int) -> None:
        """Add a row, with a value for each column.

        Raises:
            OSError: the disk is full.
        """
        self._block[self._held] = values
        self._held += 1
        if self._held == _BLOCK:
            self._write()

    def rows(self, skip: int = 0) -> NDArray[np.void]:
        """The rows after the first ``skip``: int64 fields, named as the columns."""
        self._write()
        self._file.seek(skip * self._block.itemsize)
        rows = np.frombuffer(self._file.read(), self._block.dtype)
        self._file.seek(0, 2)
        return rows

    def close(self) -> None:
        """Remove the temporary file."""
        self._file.close()

    def _write(self) -> None:
        self._file.write(self._block[: self._held].tobytes())
        self._held = 0
