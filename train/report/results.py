"""The answers of a trained network for the pictures of a split, and the file that keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation import metrics
from train.npz import fit_together, read_npz, write_npz

FILE = "predictions.npz"


@dataclass(frozen=True, slots=True)
class SplitResult:
    """The answers for the N pictures of one split."""

    name: str
    """``"validation"``, ``"PublicTest"``, …"""
    true: NDArray[np.int64]
    """(N,), index of the true class."""
    probabilities: NDArray[np.float32]
    """(N, C), calibrated; rows without a face are ignored."""
    found: NDArray[np.bool_]
    """(N,), whether a face was found."""
    names: NDArray[np.str_]
    """(N,), the source of each picture: ``"fer2013.csv:17"``."""

    @property
    def predicted(self) -> NDArray[np.int64]:
        """int64 (N,), class index or ``metrics.MISSED``."""
        answer: NDArray[np.int64] = np.where(self.found, self.probabilities.argmax(axis=1), metrics.MISSED)
        return answer

    @property
    def confidence(self) -> NDArray[np.float32]:
        """float32 (N,), probability of the answer; 0 without a face."""
        top: NDArray[np.float32] = np.where(self.found, self.probabilities.max(axis=1), np.float32(0))
        return top

    @property
    def correct(self) -> NDArray[np.bool_]:
        """bool (N,), whether the answer is right."""
        return self.predicted == self.true

    def sure(self, threshold: float) -> NDArray[np.bool_]:
        """bool (N,), whether the answer is not LOW_CONFIDENCE."""
        return self.found & (self.confidence >= threshold)

    def scores(self, labels: Sequence[str]) -> dict[str, Any]:
        """``evaluation.metrics.report`` of the split; N ≥ 1."""
        return metrics.report(labels, self.true, self.predicted, self.confidence, self.found)


_ARRAYS = {"true": ("i", 1), "probabilities": ("f", 2), "found": ("b", 1), "names": ("U", 1)}
"""Name → kind of NumPy data type, and number of dimensions."""


def save(folder: Path, splits: list[SplitResult]) -> None:
    """Write ``predictions.npz``.

    Raises:
        OSError: a full disk, for instance.
    """
    arrays: dict[str, NDArray[Any]] = {"splits": np.array([split.name for split in splits], np.str_)}
    for number, split in enumerate(splits):  # by number: names may repeat, and may be anything
        arrays |= {f"{key}_{number}": getattr(split, key) for key in _ARRAYS}
    write_npz(folder / FILE, arrays)


def load(folder: Path) -> list[SplitResult]:
    """Read ``predictions.npz``; a damaged file raises any error."""
    content = read_npz(folder / FILE)
    splits = []
    for number, name in enumerate(content["splits"]):
        arrays = {key: content[f"{key}_{number}"] for key in _ARRAYS}
        if not fit_together(arrays, _ARRAYS):
            raise ValueError(f"{FILE} has arrays that do not fit together")
        splits.append(SplitResult(str(name), **arrays))
    return splits
