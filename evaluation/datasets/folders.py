"""Pictures in class folders: ``<split>/<class>/*.png`` or ``<class>/*.png``."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from edge.core.errors import DataError
from edge.core.text import escaped
from edge.sources.albums import is_picture
from evaluation.datasets.listing import count_other, listing, name_others, readable
from evaluation.datasets.mapping import EXAMPLE, Mapping, emotion_in, named
from evaluation.datasets.sample import NO_SPLIT
from evaluation.label_sets import EMOTIONS

_SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "publictest", "privatetest"}
"""Names of folders that are a split wherever they lie, in lower case."""
_SEARCHED = 1000
"""Number of folders that are searched for class folders, for a hint in an error."""

_ClassFolder = tuple[str, Path]
"""Split and folder of a class."""


class PictureFile(NamedTuple):
    """A labelled picture that has not been read yet."""

    split: str
    label: str
    path: Path


def files(path: Path, on_bad: Callable[[str], None], mapping: Mapping) -> Iterator[PictureFile]:
    """Every picture file, by name; those in folders within a class folder come after its own.

    A folder is a class where the mapping has its name, where its name is that of an emotion, or where
    one of its words is (``face_angry``, ``01-Anger``).

    Args:
        path: folder of the data.
        on_bad: called once for each folder that is excluded, for the pictures of a folder outside of the
            class folders, and for all files in class folders that are no pictures.
        mapping: see ``evaluation.datasets.mapping``.

    Raises:
        DataError: no class folder in ``path``.
        OSError: ``path`` cannot be read.
    """
    layout = _layout(path, mapping)
    for unused in sorted(mapping.keys() - {folder.name for _, folder in layout}):
        on_bad(f"{path}: the mapping file names a folder {unused[:50]!r} that is not there")
    _name_unlabelled(path, layout, on_bad)
    others = Counter[str]()
    for split, folder in layout:
        if mapping.get(folder.name, "") is None:
            continue
        label = _emotion(folder.name, mapping)
        if label is None:
            on_bad(f"{folder}: unknown class, expected one of {', '.join(EMOTIONS)}; the folder is excluded")
            continue
        refuse = partial(_refusal, split=split, label=label, mapping=mapping)
        for file in _below(folder, refuse, on_bad):
            if is_picture(file):
                yield PictureFile(split, label, file)
            else:
                count_other(file, others)
    name_others(path, others, on_bad)


def subfolders(path: Path) -> list[Path]:
    """Sorted folders directly in a folder, hidden ones excepted.

    Raises:
        OSError: it cannot be read.
    """
    return [path / name for name in listing(path)[1]]


def _emotion(name: str, mapping: Mapping) -> str | None:
    return mapping.get(name) or named(name) or emotion_in(name)


def _refusal(name: str, split: str, label: str, mapping: Mapping) -> str | None:
    """Why a folder of this name cannot be a part of a class folder; None where it can."""
    if split == NO_SPLIT and name.lower() in _SPLITS:
        return "a split within a class, expected <split>/<class>"
    other = None if name.isdecimal() else _emotion(name, mapping)  # a number may be a person's
    return f"{other} within {label}" if other not in (None, label) else None


def _below(
    folder: Path,
    refuse: Callable[[str], str | None],
    on_bad: Callable[[str], None],
    above: frozenset[Path] = frozenset(),
) -> Iterator[Path]:
    """All files in a folder, then those in its folders.

    ``refuse`` gives a reason to exclude a folder of this name, or None; ``above`` has the folders that this
    one lies in, which a link may lead back to.
    """
    above |= {folder.resolve()}
    names, deeper = readable(folder, on_bad)
    for name in names:
        yield folder / name
    for inner in (folder / name for name in deeper):
        reason = "a link to a folder above it" if inner.resolve() in above else refuse(inner.name)
        if reason:
            on_bad(f"{inner}: {reason}; the folder is excluded")
        else:
            yield from _below(inner, refuse, on_bad, above)


def _name_unlabelled(path: Path, layout: list[_ClassFolder], on_bad: Callable[[str], None]) -> None:
    """Count the pictures that lie beside the class folders, not in them."""
    has_splits = layout[0][1].parent != path
    for folder in [path, *(subfolders(path) if has_splits else [])]:
        count = sum(is_picture(folder / name) for name in readable(folder, on_bad)[0])
        if count:
            on_bad(f"{folder}: excluded {count} pictures outside of the class folders")


def _layout(path: Path, mapping: Mapping) -> list[_ClassFolder]:
    """The class folders, and what lies beside them.

    Raises:
        DataError: no folder is named after a class.
        OSError: ``path`` cannot be read.
    """
    top = [(NO_SPLIT, folder) for folder in subfolders(path)]
    nested = [
        (escaped(split.name), split / name)
        for _, split in top
        for name in readable(split, lambda message: None)[1]
    ]
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
        f"{_hint(path, mapping)}"
    )


def _hint(path: Path, mapping: Mapping) -> str:
    """A hint where class folders, or at least pictures, lie below ``path``; empty if nowhere."""
    pictures, waiting = "", deque([path])
    for _ in range(_SEARCHED):
        if not waiting:
            break
        folder = waiting.popleft()
        names, deeper = readable(folder, lambda message: None)
        if any(_emotion(name, mapping) for name in deeper):
            data = folder.parent if folder.name.lower() in _SPLITS else folder
            return f"; there are some in {folder}: name {data}"
        if not pictures and any(is_picture(folder / name) for name in names):
            pictures = f"; there are pictures in {folder}"
        waiting.extend(folder / name for name in deeper)
    return pictures
