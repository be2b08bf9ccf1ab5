"""Pictures in class folders: ``<split>/<class>/*.png`` or ``<class>/*.png``."""

from collections.abc import Callable, Iterator
from pathlib import Path

from edge.core.errors import DataError, SourceError
from edge.core.labels import EMOTIONS, canonical
from edge.data.sample import Sample
from edge.sources.pictures import SUFFIXES, read_picture

NO_SPLIT = "all"
"""The split of pictures in ``<class>/`` folders without a split folder above them."""


def read(path: Path, on_bad: Callable[[str], None]) -> Iterator[Sample]:
    """The pictures of class folders, by name; see ``edge.data.read_dataset``.

    Raises:
        DataError: no class folder in ``path``.
    """
    for split, label, file in files(path, on_bad):
        try:
            picture = read_picture(file)
        except SourceError as error:
            on_bad(str(error))
            continue
        yield Sample(picture, label, file.relative_to(path).as_posix(), split)


def files(path: Path, on_bad: Callable[[str], None]) -> Iterator[tuple[str, str, Path]]:
    """(split, label, file) of every picture file, by name. Other files are not looked at.

    Raises:
        DataError: no class folder in ``path``.
    """
    layout = _layout(path)
    if not layout:
        raise DataError(
            f"{path} has no class folders: expected {path.name}/<class>/*.png or "
            f"{path.name}/<split>/<class>/*.png with classes {', '.join(EMOTIONS)}"
        )
    for split, folder in layout:
        label = _label(folder)
        if label is None:
            on_bad(f"{folder}: unknown class, expected one of {', '.join(EMOTIONS)}; the folder is left out")
            continue
        for file in sorted(folder.iterdir()):
            if file.suffix.lower() in SUFFIXES and not file.name.startswith("."):
                yield split, label, file


def _layout(path: Path) -> list[tuple[str, Path]]:
    """(split, class folder) pairs; empty where no folder is named after a class."""
    top = _folders(path)
    if any(_label(folder) for folder in top):
        return [(NO_SPLIT, folder) for folder in top]
    nested = [(split.name, folder) for split in top for folder in _folders(split)]
    return nested if any(_label(folder) for _, folder in nested) else []


def _folders(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _label(folder: Path) -> str | None:
    try:
        return canonical(folder.name)
    except DataError:
        return None
