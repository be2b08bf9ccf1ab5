"""The file that JSON lines are added to. Nothing in it is lost but what an earlier run left half-written."""

import errno
import json
import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

from edge.core.errors import ConfigError

_TAIL_BYTES = 1_000_000
"""Read at the end of the file; more than a line of JSON with 16 faces has."""
_START = b'{"schema":0,"frame":0,'
"""How a line starts, its numbers as 0."""
_BOM = b"\xef\xbb\xbf"


def check(path: Path) -> None:
    """See that lines may be added to ``path``; nothing is changed or made.

    Raises:
        ConfigError: it holds something else than JSON lines of ours, or is a disk.
        OSError: it cannot be read or written, is a folder, or there is no folder for it.
    """
    if _is_regular(path):
        with path.open("rb") as file:
            _ending(file, path)
    place = path if path.exists() else path.parent
    if not os.access(place, os.W_OK):
        number = errno.EACCES if place.exists() else errno.ENOENT
        raise OSError(number, os.strerror(number), str(place))


class OutputFile:
    """Text goes to the end of the file; until the first, nothing in it changes.

    Then a last line that a full disk or a power cut left unfinished is cut off, and one that lacks only its
    end gets it. What is no file, a pipe or a terminal, is only written to.
    """

    def __init__(self, path: Path) -> None:
        """Open the file; it is made if it is not there.

        Raises:
            ConfigError: see ``check``.
            OSError: it cannot be read and written.
        """
        check(path)
        self._path = path
        self._file: BinaryIO = path.open("a+b" if _is_regular(path, absent=True) else "ab")
        self._continued = not _is_regular(path)

    def write(self, text: str) -> None:
        """Add to the end.

        Raises:
            ConfigError: somebody else has written to it since it was opened.
            OSError: the disk is full, or the reader has gone.
        """
        if not self._continued:
            keep, before = _ending(self._file, self._path)
            self._file.truncate(keep)
            self._file.write(before)
            self._continued = True
        self._file.write(text.encode())

    def flush(self) -> None:
        """Give what was written to the system.

        Raises:
            OSError: as ``write``.
        """
        self._file.flush()

    def close(self) -> None:
        """Flush and close."""
        self._file.close()


def _is_regular(path: Path, absent: bool = False) -> bool:
    """Whether a file is there; ``absent`` where there is nothing."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return absent
    if stat.S_ISBLK(mode):
        raise ConfigError(f"{path} is a disk: name a file for the JSON lines")
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)  # opening a folder is an error by itself


def _ending(file: BinaryIO, path: Path) -> tuple[int, bytes]:
    """How many bytes of the file to keep, and what must stand before the next line.

    Raises:
        ConfigError: see ``check``.
    """
    size = file.seek(0, 2)
    start = max(0, size - _TAIL_BYTES)
    file.seek(start)
    tail = file.read()
    whole, newline, last = tail.rpartition(b"\n")
    previous = whole.rstrip().rpartition(b"\n")[2].removeprefix(_BOM)
    half = last.rstrip(b"\0")  # some file systems leave zeros behind a power cut
    ours = _is_ours(previous)
    if previous and not ours:
        raise _refusal(path)
    if _is_ours(half.removeprefix(_BOM)):
        return start + len(whole) + len(newline) + len(half), b"\n"
    if not last:
        return size, b""
    begun = re.sub(rb"\d+", b"0", half[:100])
    if begun.startswith(_START) or (ours and _START.startswith(begun)):
        return start + len(whole) + len(newline), b""
    raise _refusal(path)


def _is_ours(line: bytes) -> bool:
    """Whether it is a whole line, of this version or another."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return (
        isinstance(record, dict)
        and type(record.get("schema")) is int
        and type(record.get("frame")) is int
        and isinstance(record.get("faces"), list)
    )


def _refusal(path: Path) -> ConfigError:
    return ConfigError(
        f"{path} holds something else than JSON lines of this program: nothing was changed; name another file"
    )
