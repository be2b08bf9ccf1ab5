"""The identity of the data that a landmarks folder or a figure was made from."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from evaluation.datasets import affectnet, fer_csv, layouts
from evaluation.datasets.mapping import Mapping, read_mapping

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Identity of a data set."""

    sha256: str
    """SHA-256 of the bytes of every file that is read, and of the names of files in folders."""
    rows: int
    """Number of rows or picture files, unusable ones included."""


def fingerprint(path: Path, mapping: Path | None = None) -> Fingerprint:
    """The fingerprint of data, which is read once, as bytes.

    Args:
        path: see ``evaluation.read_dataset``.
        mapping: likewise.

    Raises:
        DataError: a folder without class folders, or a damaged mapping file.
        OSError: the csv file or the folder cannot be read.
    """
    if path.is_dir():
        return _of_folder(path, read_mapping(mapping))
    digest = hashlib.sha256()
    lines = _add(path, digest)
    votes = path.with_name(fer_csv.VOTES_FILE)
    if votes.is_file():
        _add(votes, digest)
    return Fingerprint(digest.hexdigest(), max(0, lines - 1))


def of_files(root: Path, files: Iterable[Path]) -> Fingerprint:
    """The fingerprint of files below the folder ``root``, in the order given; ``rows`` is their number.

    Of a file that cannot be read, only the name counts.
    """
    digest, count = hashlib.sha256(), 0
    for file in files:
        count += 1
        name = f"{file.relative_to(root).as_posix()}\0"
        digest.update(name.encode("utf-8", "surrogateescape"))  # names need not be UTF-8
        with suppress(OSError):
            digest.update(f"{file.stat().st_size}\0".encode())
            _add(file, digest)
    return Fingerprint(digest.hexdigest(), count)


def _of_folder(path: Path, mapping: Mapping) -> Fingerprint:
    files = (file.path for file in layouts.files(path, lambda _: None, mapping))
    if affectnet.matches(path):
        both = of_files(path, (part for file in files for part in (file, affectnet.annotation(file))))
        return Fingerprint(both.sha256, both.rows // 2)
    pictures = of_files(path, files)
    if not mapping:
        return pictures
    digest = hashlib.sha256(f"{pictures.sha256}{sorted(mapping.items())}".encode())
    return Fingerprint(digest.hexdigest(), pictures.rows)


def _add(path: Path, digest: "hashlib._Hash") -> int:
    """Add a file's bytes to ``digest``; gives the number of its lines, with a last one without a line end."""
    lines, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            lines += block.count(b"\n")
            last = block[-1:]
    return lines + (last != b"\n")
