"""The files and folders in a folder of pictures."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from edge.sources.albums import counts_as_file

_OF_THE_SYSTEM = {"thumbs.db", "desktop.ini"}
"""Files that a desktop leaves in folders and that are not listed, like hidden ones; in lower case."""
_NAMED = 5
"""Number of suffixes that a message names."""


def listing(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the files and of the folders directly in a folder, sorted.

    Hidden ones and what a desktop leaves there are not given, nor are pipes, sockets and devices. A link
    that leads nowhere counts as a file.

    Raises:
        OSError: the folder cannot be read.
    """
    files, folders = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower() in _OF_THE_SYSTEM:
                continue
            linked = entry.is_symlink() and os.path.isdir(entry)  # noqa: PTH112 (pathlib's raises)
            if entry.is_dir(follow_symlinks=False) or linked:
                folders.append(entry.name)
            elif entry.is_file(follow_symlinks=False) or counts_as_file(Path(entry.path)):
                files.append(entry.name)
    return sorted(files), sorted(folders)


def readable(folder: Path, on_bad: Callable[[str], None]) -> tuple[list[str], list[str]]:
    """``listing`` of a folder; one that cannot be read is reported to ``on_bad`` and counts as empty."""
    try:
        return listing(folder)
    except OSError as error:
        on_bad(f"cannot read the folder {folder}: {error.strerror}; it is excluded")
        return [], []


def count_other(file: Path, others: Counter[str]) -> None:
    """Count a file that is not a picture, by its suffix."""
    others[file.suffix.lower()[:20] or "no suffix"] += 1


def name_others(path: Path, others: Counter[str], on_bad: Callable[[str], None]) -> None:
    """Report the files of the data ``path`` that ``count_other`` has counted, if there are any."""
    if not others:
        return
    counts = [f"{suffix} {count}" for suffix, count in others.most_common(_NAMED)]
    if len(others) > _NAMED:
        counts.append("…")
    files = f"{others.total()} file{'s' * (others.total() != 1)}"
    on_bad(f"{path}: excluded {files} of no format that OpenCV reads as a picture: {', '.join(counts)}")
