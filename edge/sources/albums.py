"""The pictures that a path, a folder or a glob pattern names."""

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2

from edge.core.errors import SourceError
from edge.core.text import counted
from edge.sources import video

SUFFIXES = tuple(
    ".avif .bmp .dib .jfif .jp2 .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .tif .tiff .webp".split()
)
"""File names that count as pictures, in lower case."""

_MAX_NAMES = 3
"""Most file names in a message."""
_MAX_ENTRIES = 10_000
"""Most files in which pictures in subfolders are searched for, for a message."""


@dataclass(frozen=True, slots=True)
class Album:
    """Pictures in the order in which they are shown."""

    pictures: tuple[Path, ...]
    excluded: tuple[Path, ...] = ()
    """Files beside the pictures that are none."""

    def describe_excluded(self) -> str:
        """One line with the number and the names of the excluded files."""
        files = counted(len(self.excluded), "file")
        return f"{files} in no picture format that OpenCV reads: {some_names(self.excluded)}"


def find_album(spec: str) -> Album:
    """The pictures that a path or glob pattern names, sorted.

    A folder gives the pictures directly in it, without hidden ones; a pattern those that match, with ``**``
    for any depth. A picture is a file whose name ends in one of ``SUFFIXES``, or whose content OpenCV knows.
    The path of a single file is always taken.

    Raises:
        SourceError: the path does not exist, the folder cannot be read, or it holds no picture (the message
            says what it holds instead).
    """
    path = Path(spec)
    if path.is_file():
        return Album((path,))
    if path.is_dir():
        try:
            found = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
        except OSError as error:
            raise SourceError(f"cannot read the folder {path}: {error.strerror}") from error
    elif glob.has_magic(spec):
        found = [Path(name) for name in glob.glob(spec, recursive=True)]  # noqa: PTH207 (absolute patterns)
    else:
        raise SourceError(f"no such file or folder: {spec}")
    files = sorted(entry for entry in found if counts_as_file(entry))
    known = {file: is_picture(file) for file in files}
    if not any(known.values()):
        kind = "folder" if path.is_dir() else "pattern"
        raise SourceError(f"no pictures in the {kind} {spec}: {_what_instead(path, files)}")
    return Album(
        tuple(file for file in files if known[file]), tuple(file for file in files if not known[file])
    )


def counts_as_file(path: Path) -> bool:
    """Whether a path is a file or a broken link, rather than a pipe, a socket or a device.

    A link into a folder that cannot be read counts as broken.
    """
    return os.path.isfile(path) or not os.path.exists(path)  # noqa: PTH110, PTH113 (pathlib's raise)


def is_picture(path: Path) -> bool:
    """Whether a file is a picture by its name or by the first bytes of its content."""
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with path.open("rb") as file:  # by its descriptor: OpenCV takes no name that is not UTF-8
            return bool(cv2.haveImageReader(f"/dev/fd/{file.fileno()}"))
    except OSError:
        return False


def _what_instead(folder: Path, files: Iterable[Path]) -> str:
    """What a folder without pictures holds instead, or where pictures lie, for a message."""
    videos = [file for file in files if file.suffix.lower() in video.SUFFIXES]
    if videos:
        return f"it has videos ({some_names(videos)}), each of which is a source of its own"
    for deeper in islice(_files_below(folder), _MAX_ENTRIES):
        if deeper.suffix.lower() in SUFFIXES:
            return (
                f"pictures are in subfolders, such as {deeper}: name a folder that holds them, or the "
                f"pattern '{folder}/**/*{deeper.suffix}'"
            )
    return f"expected files that end in {' '.join(SUFFIXES)}"


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names))


def some_names(paths: Iterable[Path]) -> str:
    """The first names of some files, for a message."""
    names = [path.name for path in paths]
    return ", ".join(names[:_MAX_NAMES]) + (", …" if len(names) > _MAX_NAMES else "")
