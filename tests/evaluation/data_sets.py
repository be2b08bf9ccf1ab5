"""What the tests of the readers share: a picture that is written, and a data set that is read."""

from pathlib import Path

import cv2
import numpy as np

from evaluation import Sample, read_dataset


def add(path: Path, value: int = 100, shape: tuple[int, ...] = (48, 48)) -> None:
    """Write a picture of one shade, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full(shape, value, np.uint8))


def read(path: Path, split: str | None = None, mapping: Path | None = None) -> tuple[list[Sample], list[str]]:
    """The pictures of a data set, and the messages about what is excluded."""
    bad: list[str] = []
    return list(read_dataset(path, split, on_bad=bad.append, mapping=mapping)), bad
