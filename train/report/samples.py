"""The pictures in the report: examples of right and wrong answers of a split."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError, SourceError
from edge.core.sizes import scaled_size
from edge.sources.pictures import read_picture
from evaluation import read_dataset
from train.report.results import SplitResult

PER_KIND = 8
"""Largest number of pictures of each kind."""
SIDE = 96
"""Longer side of the pictures in the report, px."""


def choose(split: SplitResult) -> dict[str, NDArray[np.int64]]:
    """Choose the pictures that the report shows.

    Returns:
        Kind → int64 (≤ ``PER_KIND``,), rows of the split: the most confident right answers, the most
        confident wrong ones, and a random choice (by a fixed seed) of the others, missed faces included.
    """
    order = np.argsort(-split.confidence, kind="stable")
    answered = split.found[order]
    right = order[answered & split.correct[order]][:PER_KIND]
    wrong = order[answered & ~split.correct[order]][:PER_KIND]
    others = np.setdiff1d(order, np.concatenate([right, wrong]))
    return {
        "Most confident, right": right,
        "Most confident, wrong": wrong,
        "Random choice": np.random.default_rng(0).permutation(others)[:PER_KIND],
    }


def read(data: Path, splits: Iterable[SplitResult]) -> dict[str, bytes]:
    """Read the pictures of the chosen rows.

    Args:
        data: the data that the landmarks were extracted from. Of a folder only these pictures are read; a
            csv file is read up to the last of them.
        splits: the answers.

    Returns:
        Picture name → PNG, of the pictures that ``data`` has.

    Raises:
        DataError: there is no such data, or it has none of the pictures.
    """
    wanted = {str(split.names[row]) for split in splits for rows in choose(split).values() for row in rows}
    found = {name: _png(picture) for name, picture in _pictures(data, wanted)}
    if wanted and not found:
        raise DataError(
            f"{data} has none of the pictures of this run (like {min(wanted)}): "
            "name the data that its landmarks were extracted from"
        )
    return found


def _pictures(data: Path, wanted: set[str]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    if data.is_dir():
        for name in sorted(wanted):
            try:
                yield name, read_picture(data / name)
            except SourceError:
                continue
        return
    missing = set(wanted)
    for sample in read_dataset(data, on_bad=lambda message: None):
        if sample.name in missing:
            missing.remove(sample.name)
            yield sample.name, sample.picture
        if not missing:
            return


def _png(picture: NDArray[np.uint8]) -> bytes:
    scale = SIDE / max(picture.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = cv2.resize(picture, scaled_size(picture.shape[0], picture.shape[1], scale), interpolation=how)
    if resized.ndim == 3:
        resized = cv2.cvtColor(resized, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".png", resized)[1].tobytes()
