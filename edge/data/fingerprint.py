"""Which data a landmarks file or a figure was made from."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from edge.data import fer_csv, folders

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Identity of a data set."""

    sha256: str
    """Over the bytes of every file that is read, and the names of those in folders."""
    rows: int
    """Rows or picture files, bad ones included."""


def fingerprint(path: Path) -> Fingerprint:
    """Read all of the data once, as bytes.

    Args:
        path: as for ``edge.data.read_dataset``.

    Raises:
        DataError: a folder without class folders.
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256()
    if path.is_dir():
        names = [file for _, _, file in folders.files(path, lambda _: None)]
        for file in names:
            digest.update(f"{file.relative_to(path).as_posix()}\0{file.stat().st_size}\0".encode())
            _add(file, digest)
        return Fingerprint(digest.hexdigest(), len(names))
    lines = _add(path, digest)
    votes = path.with_name(fer_csv.VOTES_FILE)
    if votes.is_file():
        _add(votes, digest)
    return Fingerprint(digest.hexdigest(), max(0, lines - 1))


def _add(path: Path, digest: "hashlib._Hash") -> int:
    """Add a file's bytes to ``digest``; gives the number of its lines."""
    lines = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            lines += block.count(b"\n")
    return lines
