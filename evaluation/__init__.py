"""Labelled pictures from FER2013 csv files, class folders and AffectNet, and metrics over them.

``train`` and ``benchmarks`` share it, so that both see the same pictures, prepared the same way. Needs NumPy
and OpenCV.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from edge.core.errors import DataError
from edge.core.text import escaped
from evaluation.datasets import fer_csv, layouts
from evaluation.datasets.exclusions import Exclusions
from evaluation.datasets.fingerprint import Fingerprint, fingerprint
from evaluation.datasets.folders import PictureFile
from evaluation.datasets.mapping import read_mapping
from evaluation.datasets.sample import Sample, picture_hash
from evaluation.preparation import Preparation, prepare

__all__ = [
    "Fingerprint",
    "Preparation",
    "Sample",
    "fingerprint",
    "picture_hash",
    "prepare",
    "read_dataset",
]

_Item = TypeVar("_Item", Sample, PictureFile)


def read_dataset(
    path: Path, split: str | None = None, *, on_bad: Callable[[str], None], mapping: Path | None = None
) -> Iterator[Sample]:
    """The labelled pictures of ``path``, one after the other; never more than one is in memory.

    Args:
        path: a csv file (``fer2013.csv``, ``icml_face_data.csv``; the votes of a ``fer2013new.csv``
            beside it are added), a folder ``<split>/<class>/*.png`` or ``<class>/*.png``, with further
            folders in the class folders or without, or AffectNet (``<split>/images`` and
            ``<split>/annotations``).
        split: split of the data that is read (``"PublicTest"``, ``"test"``); ``None``: all of it.
        on_bad: called for everything that is excluded, with its place and what is wrong: once for a row, a
            picture or a folder, once for all files that are not pictures.
        mapping: a file that says which emotions class folders are, see ``evaluation.datasets.mapping``.

    Raises:
        DataError: no such path, a missing column, no class folders, no picture in ``split``; a
            mapping file that is damaged or does not belong to such data.
    """
    classes, exclusions = read_mapping(mapping), Exclusions(on_bad)
    split = None if split is None else escaped(split)
    if path.is_dir():
        files = _only(layouts.files(path, exclusions, classes), split, path)
        return _some(layouts.read(path, files, exclusions), path, exclusions)
    if not path.is_file():
        raise DataError(
            f"no data at {path}: expected a csv file like fer2013.csv or a folder of class folders"
        )
    if mapping is not None:
        raise DataError(f"{path} is a file: a mapping file is for class folders")
    return _some(_only(fer_csv.read(path, exclusions), split, path), path, exclusions)


def _only(items: Iterator[_Item], split: str | None, path: Path) -> Iterator[_Item]:
    seen: set[str] = set()
    for item in items:
        seen.add(item.split)
        if split is None or item.split == split:
            yield item
    if seen and split is not None and split not in seen:
        raise DataError(f"{path} has no split {split!r}: it has {', '.join(sorted(seen))}")


def _some(samples: Iterator[Sample], path: Path, exclusions: Exclusions) -> Iterator[Sample]:
    none = True
    for sample in samples:
        none = False
        yield sample
    if none:
        raise exclusions.error(f"{path} has no usable picture")
