"""``mien train inspect``: figures of a data set, before anything is trained on it.

Reads the pictures one after the other and keeps none of them: a hash, a name, a label, a split and votes
for each, about 120 MB for a million pictures. For a moment at the end come 50 MB, or 250 MB where all
have FER+ votes. Of a landmarks folder, all but the landmarks is in memory.
"""

import json
from array import array
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from edge.core.errors import DataError
from edge.core.files import check_folder, check_replaceable, is_json_with, write_atomic
from edge.core.text import escaped
from evaluation import Sample, picture_hash, read_dataset
from evaluation.label_sets import EMOTIONS, FERPLUS_VOTES
from evaluation.report import page
from train.dataset import inspect_figures, inspect_page, landmarks_folder, subjects
from train.dataset.inspect_figures import LabelledPictures, quantiles
from train.dataset.landmarks_folder import Rows

_FIGURES = "inspect.json"
_PAGE = "index.html"
_HASH_BYTES = 20
_PRESENCE_BINS = np.linspace(0, 1, 21)


def inspect(data: Path, out: Path | None, mapping: Path | None) -> None:
    """Print the figures of a data set, and write them as a page.

    Args:
        data: see ``evaluation.read_dataset``; or a landmarks folder, which has coverage in place of
            picture sizes.
        out: folder for ``index.html`` (with plots; needs nothing else) and ``inspect.json``.
        mapping: see ``evaluation.read_dataset``.

    Raises:
        DataError: the data cannot be used, or ``out`` has files of these names that are not ours.
        OSError: a full disk, for instance.
    """
    if out is not None:
        _check_output(out)
    is_landmarks = _is_landmarks(data)
    if is_landmarks and mapping is not None:
        raise DataError(f"{data} is a landmarks folder: a mapping file is for class folders")
    results = of_landmarks(data) if is_landmarks else of_pictures(data, mapping)
    blocks = inspect_page.contents(results)
    print(page.text(blocks))
    if out is not None:
        write_atomic(out / _FIGURES, (json.dumps(results, indent=1, allow_nan=False) + "\n").encode())
        write_atomic(out / _PAGE, page.html([*inspect_page.title(results), *blocks]).encode())
        print(f"\n→ {out / _PAGE}")


def _check_output(out: Path) -> None:
    check_folder(out)
    check_replaceable(out / _FIGURES, lambda content: is_json_with(content, "data", "classes", "duplicates"))
    check_replaceable(out / _PAGE, lambda _: (out / _FIGURES).is_file())  # they come together


def of_pictures(data: Path, mapping: Path | None = None) -> dict[str, Any]:
    """Figures of labelled pictures.

    Raises:
        DataError: see ``evaluation.read_dataset``.
    """
    if subjects.is_subjects(data):
        raise DataError(f"{data} has landmarks, not pictures: run extract, then inspect what it wrote")
    bad: list[str] = []
    bad_rows = 0

    def on_bad(message: str) -> None:
        nonlocal bad_rows
        bad_rows += 1
        if len(bad) < inspect_figures.NAMED:
            bad.append(message)

    found = _Collector()
    for sample in tqdm(read_dataset(data, on_bad=on_bad, mapping=mapping), unit="picture", disable=None):
        found.add(sample)
    table = found.table()
    return {
        **inspect_figures.common(data, table),
        "bad": {"count": bad_rows, "first": bad},
        "size": {"width": quantiles(found.widths), "height": quantiles(found.heights)},
        "size_histogram": {"width": _spread(found.widths), "height": _spread(found.heights)},
        "grey": found.grey / len(table.label),
    }


def of_landmarks(folder: Path) -> dict[str, Any]:
    """Figures of a landmarks folder.

    Raises:
        DataError: see ``train.dataset.landmarks_folder.load``; or it has no rows.
    """
    opened = landmarks_folder.load(folder)
    rows = opened.rows
    if not len(rows):
        raise DataError(f"{folder} has no rows")
    table, found = _table(rows), rows.presence > 0
    return {
        **inspect_figures.common(folder, table),
        "bad": {"count": opened.info["skipped"], "first": []},
        "coverage": inspect_figures.counts_by_split(table, found),
        "presence": inspect_figures.histogram(rows.presence[found], _PRESENCE_BINS),
        "subjects": len(np.unique(rows.subject[rows.subject != ""])),
        "sequences": len(np.unique(rows.sequence[rows.sequence != ""])),
    }


def coverage_table(rows: Rows) -> str:
    """Table of the pictures and the faces found in them, by split and class."""
    table = _table(rows)
    found, total = (
        inspect_figures.counts_by_split(table, part) for part in (rows.presence > 0, rows.presence >= 0)
    )
    return page.text([*inspect_page.coverage(found, total)])


def _table(rows: Rows) -> LabelledPictures:
    splits, split = np.unique(rows.split, return_inverse=True)
    hashes = np.frombuffer(bytes.fromhex("".join(rows.picture_hash.tolist())), f"V{_HASH_BYTES}")
    names = [*map(escaped, rows.name.tolist())]
    return LabelledPictures(splits.tolist(), split, rows.label, rows.votes, hashes, names)


class _Collector:
    """Everything about the samples so far but the pictures themselves."""

    def __init__(self) -> None:
        self.splits: dict[str, int] = {}
        self.split, self.label, self.votes, self.hashes = array("H"), bytearray(), bytearray(), bytearray()
        self.names: list[str] = []
        self.widths, self.heights = Counter[int](), Counter[int]()
        self.grey = 0  # pictures without colour, whatever their format

    def add(self, sample: Sample) -> None:
        self.split.append(self.splits.setdefault(sample.split, len(self.splits)))
        self.label.append(EMOTIONS.index(sample.label))
        self.votes += bytes(sample.votes or len(FERPLUS_VOTES))
        self.hashes += bytes.fromhex(picture_hash(sample.picture))
        self.names.append(escaped(sample.name))
        picture = sample.picture
        self.heights[picture.shape[0]] += 1
        self.widths[picture.shape[1]] += 1
        self.grey += picture.ndim == 2 or bool((picture == picture[..., :1]).all())

    def table(self) -> LabelledPictures:
        return LabelledPictures(
            list(self.splits),
            np.frombuffer(self.split, np.uint16),
            np.frombuffer(self.label, np.uint8),
            np.frombuffer(self.votes, np.uint8).reshape(-1, len(FERPLUS_VOTES)),
            np.frombuffer(self.hashes, f"V{_HASH_BYTES}"),
            self.names,
        )


def _is_landmarks(path: Path) -> bool:
    """Whether it is a landmarks folder, finished or not: ``load`` refuses an unfinished one."""
    return path.is_dir() and ((path / landmarks_folder.INFO_FILE).is_file() or any(path.glob("*.npz")))


def _spread(sides: Counter[int]) -> dict[str, list[float]]:
    """Histogram of counted lengths, in equal bins from the smallest to the largest."""
    values = np.array(list(sides))
    bins = np.linspace(values.min(), values.max() + 1, min(20, np.ptp(values) + 1) + 1)
    return inspect_figures.histogram(values, bins, np.array(list(sides.values())))
