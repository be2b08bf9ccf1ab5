"""Labelled pictures in folders of either layout: class folders or AffectNet's."""

from collections.abc import Callable, Iterator
from pathlib import Path

from edge.core.errors import DataError, SourceError
from edge.sources.pictures import read_picture
from evaluation.datasets import affectnet, folders
from evaluation.datasets.folders import PictureFile
from evaluation.datasets.mapping import Mapping
from evaluation.datasets.sample import Sample


def files(path: Path, on_bad: Callable[[str], None], mapping: Mapping) -> Iterator[PictureFile]:
    """Every labelled picture file of a folder, by name: AffectNet's layout or class folders.

    Raises:
        DataError: the folder has neither layout, or there is a mapping for AffectNet, which needs none.
    """
    if not affectnet.matches(path):
        return folders.files(path, on_bad, mapping)
    if mapping:
        raise DataError(f"{path} has AffectNet's layout: its labels need no mapping file")
    return affectnet.files(path, on_bad)


def read(path: Path, files: Iterator[PictureFile], on_bad: Callable[[str], None]) -> Iterator[Sample]:
    """Decode pictures, one after the other.

    Args:
        path: folder of the data, which the names of the samples are relative to.
        on_bad: called for every picture that cannot be decoded.
    """
    for split, label, file in files:
        try:
            picture = read_picture(file)
        except SourceError as error:
            on_bad(str(error))
            continue
        yield Sample(picture, label, file.relative_to(path).as_posix(), split)
