"""AffectNet as it is given to researchers: pictures, and a file of its own for every label.

``<split>/images/<id>.jpg`` and ``<split>/annotations/<id>_exp.npy``, with the splits ``train_set`` and
``val_set``. The files ``_val.npy``, ``_aro.npy`` and ``_lnd.npy`` beside the labels are not read.
Mollahosseini, Hasani, Mahoor, "AffectNet", IEEE Trans. Affective Computing, 2017, arXiv:1708.03985.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from edge.core.errors import DataError, first_line
from edge.core.text import escaped
from edge.sources.albums import is_picture
from evaluation.datasets.folders import PictureFile, subfolders
from evaluation.datasets.listing import count_other, name_others, readable

CODES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")
"""Emotion of each numeric label."""

EXCLUDED = ("none", "uncertain", "no face")
"""Meaning of the numeric labels 8, 9 and 10, whose pictures are excluded."""

_MOST_BYTES = 10_000
"""Bytes that are read of a label file, which has about 140."""


def matches(path: Path) -> bool:
    """Whether a folder has this layout."""
    return any(_splits(path))


def files(path: Path, on_bad: Callable[[str], None]) -> Iterator[PictureFile]:
    """Every picture with an emotion, by split and name.

    Args:
        path: folder of the data.
        on_bad: called for every picture without a usable label, once for each split that has pictures
            labelled 8, 9 or 10, with their number, for each folder among the pictures, and for all other
            files there.
    """
    others = Counter[str]()
    for split in _splits(path):
        excluded = Counter[str]()
        names, deeper = readable(split / "images", on_bad)
        for inner in deeper:
            on_bad(f"{split / 'images' / inner}: a folder among the pictures; it is excluded")
        for name in names:
            picture = split / "images" / name
            if not is_picture(picture):
                count_other(picture, others)
                continue
            try:
                code = _code(annotation(picture))
            except DataError as error:
                on_bad(f"{picture}: {error}")
                continue
            if code < len(CODES):
                yield PictureFile(escaped(split.name), CODES[code], picture)
            else:
                excluded[EXCLUDED[code - len(CODES)]] += 1
        if excluded:
            counts = ", ".join(f"{count} {name!r}" for name, count in sorted(excluded.items()))
            on_bad(f"{split}: excluded {excluded.total()} pictures without an emotion ({counts})")
    name_others(path, others, on_bad)


def annotation(picture: Path) -> Path:
    """The label file of a picture."""
    return picture.parent.with_name("annotations") / f"{picture.stem}_exp.npy"


def _splits(path: Path) -> Iterator[Path]:
    for folder in subfolders(path):
        annotations = folder / "annotations"
        with suppress(PermissionError):  # a disk has its lost+found
            if (folder / "images").is_dir() and any(annotations.glob("*_exp.npy")):
                yield folder


def _code(path: Path) -> int:
    """The number in a label file, which holds it as a number or as text.

    Raises:
        DataError: the file is missing or damaged, or holds no such number.
    """
    try:
        with path.open("rb") as file:
            start = io.BytesIO(file.read(_MOST_BYTES))
        content = np.lib.format.read_array(start, allow_pickle=False)  # type: ignore[no-untyped-call]
        code = float(content.item())
    except FileNotFoundError:
        raise DataError(f"no label file {path.name}") from None
    except Exception as error:  # a damaged header raises anything
        reason = first_line(error)
        raise DataError(f"cannot read the label file {path.name} ({reason})") from None
    if not (code.is_integer() and 0 <= code < len(CODES) + len(EXCLUDED)):
        raise DataError(f"unknown label {code:g}, expected 0…{len(CODES) + len(EXCLUDED) - 1}")
    return int(code)
