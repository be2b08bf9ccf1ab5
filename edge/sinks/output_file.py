"""The file that JSON lines are added to. It loses nothing but a line that an earlier run left unfinished."""

import errno
import json
import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

from edge.core.errors import ConfigError

_TAIL_BYTES = 1_000_000
"""Number of bytes that are read at the end of the file, more than a line with 16 faces has."""
_START = b'{"schema":0,"frame":0,'
"""The beginning of every line, with each number as 0."""
_BOM = b"\xef\xbb\xbf"


def check(path: Path) -> None:
    """Check that lines may be added to ``path``, without changing or creating anything.

    Raises:
        ConfigError: the file holds something else than this program's JSON lines, or is a disk.
        OSError: the file cannot be read or written, is a folder, or its folder does not exist.
    """
    if _is_regular(path):
        with path.open("rb") as file:
            _ending(file, path)
    place = path if path.exists() else path.parent
    if not os.access(place, os.W_OK):
        number = errno.EACCES if place.exists() else errno.ENOENT
        raise OSError(number, os.strerror(number), str(place))


class OutputFile:
    """A file to whose end text is added; its content does not change before the first write.

    The first write removes a last line that a full disk or a power cut left unfinished, and completes one
    that lacks only its newline. A pipe or a terminal is only written to.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or create it.

        Raises:
            ConfigError: see ``check``.
            OSError: the file cannot be read and written.
        """
        check(path)
        self._path = path
        self._file: BinaryIO = path.open("a+b" if _is_regular(path, absent=True) else "ab")
        self._continued = not _is_regular(path)

    def write(self, text: str) -> None:
        """Add to the end.

        Raises:
            ConfigError: another program has written to the file since it was opened.
            OSError: the disk is full, or the reader has closed the pipe.
        """
        if not self._continued:
            kept_bytes, separator = _ending(self._file, self._path)
            self._file.truncate(kept_bytes)
            self._file.write(separator)
            self._continued = True
        self._file.write(text.encode())

    def flush(self) -> None:
        """Hand the written text to the system.

        Raises:
            OSError: see ``write``.
        """
        self._file.flush()

    def close(self) -> None:
        """Flush and close."""
        self._file.close()


def _is_regular(path: Path, absent: bool = False) -> bool:
    """Whether ``path`` is a file or a folder; the value of ``absent`` where it does not exist."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return absent
    if stat.S_ISBLK(mode):
        raise ConfigError(f"{path} is a disk: name a file for the JSON lines")
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)  # opening a folder is an error by itself


def _ending(file: BinaryIO, path: Path) -> tuple[int, bytes]:
    """Number of bytes of the file to keep, and the text to write before the next line.

    Raises:
        ConfigError: see ``check``.
    """
    size = file.seek(0, 2)
    start = max(0, size - _TAIL_BYTES)
    file.seek(start)
    tail = file.read()
    whole, newline, last = tail.rpartition(b"\n")
    previous = whole.rstrip().rpartition(b"\n")[2].removeprefix(_BOM)
    half = last.rstrip(b"\0")  # some file systems leave zeros after a power cut
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
    """Whether a line is a whole record of this program, of any version."""
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
        f"{path} holds something else than this program's JSON lines: nothing was changed; name another file"
    )
