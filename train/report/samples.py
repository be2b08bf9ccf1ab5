"""The pictures in the report: some answers of a split beside what was true."""

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

EACH = 8
"""Pictures of each kind."""
SIDE = 96
"""px, the longer side in the report."""


def choose(split: SplitResult) -> dict[str, NDArray[np.int64]]:
    """Kind → rows of the split: at most ``EACH`` of the most confident right answers, the most confident
    wrong ones and, by a fixed seed, any others, misses among them."""
    order = np.argsort(-split.confidence, kind="stable")
    answered = split.found[order]
    right = order[answered & split.correct[order]][:EACH]
    wrong = order[answered & ~split.correct[order]][:EACH]
    others = np.setdiff1d(order, np.concatenate([right, wrong]))
    return {
        "Most confident, right": right,
        "Most confident, wrong": wrong,
        "By chance": np.random.default_rng(0).permutation(others)[:EACH],
    }


def read(data: Path, splits: Iterable[SplitResult]) -> dict[str, bytes]:
    """Picture name → PNG of the chosen rows, as far as ``data`` has them.

    Args:
        data: what the landmarks were extracted from. Of a folder only these pictures are read, a csv
            file is read until the last of them.

    Raises:
        DataError: there is no such data, or none of the pictures is in it.
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
