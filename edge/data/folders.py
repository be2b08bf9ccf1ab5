"""Pictures in class folders: ``<split>/<class>/*.png`` or ``<class>/*.png``."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from edge.core.errors import DataError
from edge.core.labels import EMOTIONS
from edge.data.mapping import EXAMPLE, Mapping, emotion_in, named
from edge.data.sample import NO_SPLIT
from edge.sources.albums import SUFFIXES


class PictureFile(NamedTuple):
    """One labelled picture that has not been read yet."""

    split: str
    label: str
    path: Path


def files(path: Path, on_bad: Callable[[str], None], mapping: Mapping) -> Iterator[PictureFile]:
    """Every picture file, by name. Other files are not looked at.

    A folder is a class where the mapping has its name, where its name is that of an emotion, or where
    one of its words is (``face_angry``, ``01-Anger``).

    Args:
        path: the data.
        on_bad: called once for each folder that is not known.
        mapping: see ``edge.data.mapping``.

    Raises:
        DataError: no class folder in ``path``.
    """
    layout = _layout(path, mapping)
    for unused in sorted(mapping.keys() - {folder.name for _, folder in layout}):
        on_bad(f"{path}: the mapping file names a folder {unused[:50]!r} that is not there")
    for split, folder in layout:
        if mapping.get(folder.name, "") is None:
            continue
        label = mapping.get(folder.name) or named(folder.name) or emotion_in(folder.name)
        if label is None:
            on_bad(f"{folder}: unknown class, expected one of {', '.join(EMOTIONS)}; the folder is left out")
            continue
        for name in picture_names(folder):
            yield PictureFile(split, label, folder / name)


def picture_names(folder: Path) -> list[str]:
    """Sorted names of the pictures directly in a folder, hidden ones excepted."""
    with os.scandir(folder) as entries:
        names = (entry.name for entry in entries if entry.is_file())
        return sorted(name for name in names if name.lower().endswith(SUFFIXES) and name[0] != ".")


def subfolders(path: Path) -> list[Path]:
    """Sorted folders directly in a folder, hidden ones excepted."""
    return sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _layout(path: Path, mapping: Mapping) -> list[tuple[str, Path]]:
    """(split, class folder) pairs.

    Raises:
        DataError: no folder is named after a class.
    """
    top = [(NO_SPLIT, folder) for folder in subfolders(path)]
    nested = [(split.name, folder) for _, split in top for folder in subfolders(split)]
    # Whole names first: `emotions_neutral_light/happy` has its classes on the second level.
    for level in (top, nested):
        if any(mapping.get(folder.name) or named(folder.name) for _, folder in level):
            return level
    for level in (top, nested):
        if any(emotion_in(folder.name) for _, folder in level):
            return level
    for _, folder in [*top, *nested]:
        if folder.name.isdecimal():
            raise DataError(
                f"{path} has class folders that are numbers ({folder.name}/), which mean something else in "
                f"every data set: a mapping file must say what they are, {EXAMPLE}"
            )
    raise DataError(
        f"{path} has no class folders: expected {path.name}/<class>/*.png or "
        f"{path.name}/<split>/<class>/*.png with classes {', '.join(EMOTIONS)}, or a mapping file"
    )
