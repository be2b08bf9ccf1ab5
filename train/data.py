"""Rows of a landmarks file → what a training step needs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.core import features
from edge.core.errors import DataError
from edge.core.labels import FER2013, FERPLUS_VOTES, canonical
from train.landmarks_file import Rows

TRAINING_SPLITS = ("Training", "training", "Train", "train", "all")
"""Splits that are trained on; all others are evaluated and never looked at before the end."""

MIN_STD = 1e-3
"""Least standard deviation of a feature; the eye anchors do not move at all."""

_VOTE_COLUMN = {canonical(name): i for i, name in enumerate(FERPLUS_VOTES[:7])}
_VOTES_TO_LABELS = [_VOTE_COLUMN[label] for label in FER2013]


@dataclass(frozen=True, slots=True)
class Split:
    """Which rows are for what: indices into the landmarks file, rows without a face included."""

    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    evaluation: dict[str, NDArray[np.int64]]
    """By the data set's own name of the split."""
    duplicates: int
    """Training rows left out because an evaluation row has the same picture."""


def split_rows(rows: Rows, validation: float, seed: int) -> Split:
    """Training rows, a validation part of them, and the evaluation rows.

    The validation part takes the same share of every class. Identical pictures stay together, and
    training rows with a picture of an evaluation row are left out.

    Raises:
        DataError: no training rows.
    """
    is_training = np.isin(rows.split, TRAINING_SPLITS)
    is_copy = is_training & np.isin(rows.picture_hash, np.unique(rows.picture_hash[~is_training]))
    usable = np.flatnonzero(is_training & ~is_copy)
    if not len(usable):
        raise DataError(f"no rows to train on: expected a split named {' or '.join(TRAINING_SPLITS)}")
    hashes, first = np.unique(rows.picture_hash[usable], return_index=True)
    label_of_hash = rows.label[usable][first]
    rng = np.random.default_rng(seed)
    held_out = [
        rng.permutation(hashes[label_of_hash == label])[
            : round(validation * int((label_of_hash == label).sum()))
        ]
        for label in range(len(FER2013))
    ]
    in_validation = np.isin(rows.picture_hash[usable], np.concatenate(held_out))
    evaluation = {
        str(name): np.flatnonzero(rows.split == name) for name in np.unique(rows.split[~is_training])
    }
    return Split(usable[~in_validation], usable[in_validation], evaluation, int(is_copy.sum()))


def feature_matrix(rows: Rows) -> NDArray[np.float32]:
    """float32 (N, 1404), the device's own features; zeros where no face was found."""
    matrix = np.zeros((len(rows), features.FEATURE_LENGTH), np.float32)
    for index in np.flatnonzero(rows.found):
        matrix[index] = features.extract(rows.landmarks[index])
    return matrix


def targets(rows: Rows, ferplus: float, label_smoothing: float) -> NDArray[np.float32]:
    """Probabilities to aim at, float32 (N, 7).

    The label, blended with the distribution of the FER+ votes for the seven classes where there are
    any (Barsoum et al., 2016, arXiv:1608.01041), then smoothed.
    """
    classes = len(FER2013)
    labels = np.eye(classes, dtype=np.float32)[rows.label]
    votes = rows.votes[:, _VOTES_TO_LABELS].astype(np.float32)
    total = votes.sum(axis=1, keepdims=True)
    distribution = np.where(total > 0, votes / np.maximum(total, 1), labels)
    blended = (1 - ferplus) * labels + ferplus * distribution
    smoothed = (1 - label_smoothing) * blended + label_smoothing / classes
    result: NDArray[np.float32] = smoothed.astype(np.float32)
    return result


def class_weights(label: NDArray[np.uint8], power: float) -> NDArray[np.float32]:
    """Weight of each class, float32 (7,): (mean class size / its size) ** power, mean 1 over the rows."""
    sizes = np.maximum(np.bincount(label, minlength=len(FER2013)), 1)
    weights = (sizes.mean() / sizes) ** power
    result: NDArray[np.float32] = (weights / weights[label].mean()).astype(np.float32)
    return result


@dataclass(frozen=True, slots=True)
class Standardization:
    """Per feature: take off the mean, divide by the standard deviation, cut off at ± ``clip``."""

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    clip: float

    def __call__(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 (N, 1404) → float32 (N, 1404)."""
        result: NDArray[np.float32] = np.clip((matrix - self.mean) / self.std, -self.clip, self.clip)
        return result


def standardization(matrix: NDArray[np.float32], clip: float) -> Standardization:
    """That of training features, float32 (N, 1404)."""
    std = np.maximum(matrix.std(axis=0, dtype=np.float64), MIN_STD)
    return Standardization(
        matrix.mean(axis=0, dtype=np.float64).astype(np.float32), std.astype(np.float32), clip
    )
