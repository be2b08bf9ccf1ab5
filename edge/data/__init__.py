"""Labelled pictures as people have them: FER2013 csv files and class folders.

Read by ``train`` and ``benchmarks`` alike, so that both see the same pictures, prepared the same
way. Needs NumPy and OpenCV.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from edge.core.errors import DataError
from edge.data import fer_csv, folders
from edge.data.fingerprint import Fingerprint, fingerprint
from edge.data.prepare import Preparation, prepare
from edge.data.sample import Sample

__all__ = ["Fingerprint", "Preparation", "Sample", "fingerprint", "prepare", "read_dataset"]


def read_dataset(path: Path, split: str | None = None, *, on_bad: Callable[[str], None]) -> Iterator[Sample]:
    """Labelled pictures of ``path``, one after the other; never more than one in memory.

    Args:
        path: a csv file (``fer2013.csv``, ``icml_face_data.csv``; the votes of a ``fer2013new.csv``
            beside it are added), or a folder ``<split>/<class>/*.png`` or ``<class>/*.png``.
        split: only this part of the data (``"PublicTest"``, ``"test"``); ``None``: all of it.
        on_bad: called once for every row or file that is skipped, with its place and what is wrong.

    Raises:
        DataError: no such path, a missing column, no class folders, no picture in ``split``.
    """
    if path.is_dir():
        samples = folders.read(path, on_bad)
    elif path.is_file():
        samples = fer_csv.read(path, on_bad)
    else:
        raise DataError(
            f"no data at {path}: expected a csv file like fer2013.csv or a folder of class folders"
        )
    return _only(samples, split, path)


def _only(samples: Iterator[Sample], split: str | None, path: Path) -> Iterator[Sample]:
    seen: set[str] = set()
    for sample in samples:
        seen.add(sample.split)
        if split is None or sample.split == split:
            yield sample
    if not seen:
        raise DataError(f"{path} has no usable picture")
    if split is not None and split not in seen:
        raise DataError(f"{path} has no split {split!r}: it has {', '.join(sorted(seen))}")
