"""Rows of a landmarks folder → what a training step needs."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError
from edge.core.quantize import MeanStd, standardize
from edge.core.types import Face, Input
from edge.head.inputs import INPUTS, LANDMARKS, deployed
from evaluation.label_sets import LabelSet, majority, vote_distribution
from train.dataset.balance import epoch_order
from train.dataset.landmarks_folder import Faces, Rows

TRAINING_SPLITS = ("Training", "training", "Train", "train", "train_set", "all")
"""Splits that are trained on; all others are evaluated and never looked at before the end."""

HELD_OUT = "held-out"
"""Name of the evaluation rows that are taken from the training rows where the data has none."""

SPLIT_SEED = 0
"""Of the choice of validation rows: runs with other seeds are compared on the same ones."""

MIN_STD = 1e-3
"""Least standard deviation of a feature; the eye anchors do not move at all."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What N rows are trained towards and scored by."""

    number: NDArray[np.int64]
    """int64 (N,), index of the class; −1: the row is not scored."""
    target: NDArray[np.float32]
    """float32 (N, C), sums to 1; zeros where the row is not trained on."""


def truth(rows: Rows, labels: LabelSet, source: str) -> Truth:
    """The classes of all rows.

    Args:
        rows: labels and votes.
        labels: the classes.
        source: ``"label"``: what the data set says; ``"votes"``: the majority of the ten people of
            FER+, with the distribution of their votes as target (Barsoum et al., 2016,
            arXiv:1608.01041).

    Raises:
        DataError: votes are asked for and there are none.
    """
    if source == "label":
        number = labels.numbers[rows.label]
        return Truth(number, labels.matrix()[rows.label])
    if not rows.votes.any():
        raise DataError("truth=votes needs FER+ votes: put fer2013new.csv beside the data and extract again")
    emotion = majority(rows.votes)
    number = np.where(emotion >= 0, labels.numbers[emotion], -1)
    return Truth(number, np.where(number[:, None] >= 0, votes_over(rows, labels), np.float32(0)))


def votes_over(rows: Rows, labels: LabelSet) -> NDArray[np.float32]:
    """The FER+ votes of each row as parts of the classes: float32 (N, C), zeros where none is for a class."""
    votes = vote_distribution(rows.votes) @ labels.matrix()
    votes /= np.maximum(votes.sum(axis=1, keepdims=True), 1e-6)
    return votes.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Split:
    """Which rows are for what: indices, rows without a face included, rows without a class not."""

    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    evaluation: dict[str, NDArray[np.int64]]
    """By the data set's own name of the split."""
    duplicates: int
    """Training rows left out because an evaluation row has the same picture."""


def split_rows(rows: Rows, number: NDArray[np.int64], validation: float, seed: int = SPLIT_SEED) -> Split:
    """Training rows, a validation part of them, and the evaluation rows.

    Identical pictures stay together, and so does everything of one subject. Training rows with a
    picture of an evaluation row are left out. Where the data has no evaluation split, as many rows as
    for validation are held out for it.

    Args:
        rows: N rows.
        number: int64 (N,), the classes; −1: left out.
        validation: part of the training rows.
        seed: of the choice; each class gives the same share.

    Raises:
        DataError: no training rows.
    """
    is_training = np.isin(rows.split, TRAINING_SPLITS)
    has_class = number >= 0
    evaluation = {
        str(name): np.flatnonzero((rows.split == name) & has_class)
        for name in np.unique(rows.split[~is_training & has_class])
    }
    is_copy = is_training & np.isin(rows.picture_hash, np.unique(rows.picture_hash[~is_training]))
    usable = np.flatnonzero(is_training & ~is_copy & has_class)
    if not len(usable):
        raise DataError(f"no rows to train on: expected a split named {' or '.join(TRAINING_SPLITS)}")
    group = np.where(rows.subject != "", rows.subject, rows.picture_hash)[usable]
    order = _draw(group, number[usable], seed)
    parts = {"validation": (0.0, validation)}
    if not evaluation:
        parts[HELD_OUT] = (validation, 2 * validation)
    chosen = {name: usable[(order >= low) & (order < high)] for name, (low, high) in parts.items()}
    if not evaluation and len(chosen[HELD_OUT]):
        evaluation[HELD_OUT] = chosen[HELD_OUT]
    taken = np.concatenate(list(chosen.values()))
    training = usable[~np.isin(usable, taken)]
    return Split(training, chosen["validation"], evaluation, int(is_copy.sum()))


def require_rows(
    landmarks: Path, number: NDArray[np.int64], validation: NDArray[np.int64], balance: str, batch: int
) -> int:
    """Before the first minute of training: is there enough of everything? Gives the steps of an epoch.

    Args:
        landmarks: for the message.
        number: int64 (N,), classes of the training faces.
        validation: int64 (V,), validation faces.
        balance: one of ``train.dataset.balance.STRATEGIES``.
        batch: rows in a step.

    Raises:
        DataError: an epoch has less than one batch, or nothing is left to validate.
    """
    rows = len(epoch_order(number, balance, np.random.default_rng(0))) if len(number) else 0
    if rows < batch or not len(validation):
        raise DataError(
            f"{landmarks} has {rows} faces for an epoch (balance={balance}) and {len(validation)} to "
            f"validate: expected at least one batch ({batch}) and 1; use more data or --set batch=…"
        )
    return rows // batch


def _draw(group: NDArray[np.str_], number: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """For each row a place in [0, 1), the same for a whole group, evenly spread within each class."""
    names, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    rng = np.random.default_rng(seed)
    place = np.zeros(len(names))
    for label in np.unique(number):
        members = np.flatnonzero(number[first] == label)
        place[rng.permutation(members)] = np.arange(len(members)) / max(1, len(members))
    return place[inverse]


Inputs = dict[str, NDArray[Any]]
"""An array (N, …) for each input of the network, in its order, by the names of ``edge.head.inputs``."""


def read_inputs(faces: Faces, names: Sequence[str]) -> Inputs:
    """The device's own inputs of all rows, zeros where no face was found; maps as the folder has them, not
    copied."""
    return {name: faces.maps[name] if INPUTS[name].is_map else _made(INPUTS[name], faces) for name in names}


def _made(each: Input, faces: Faces) -> NDArray[Any]:
    found = np.flatnonzero(faces.found)
    rows = (each.make(Face(faces.landmarks[index], 1.0, None, 0)) for index in found)
    first = next(rows, np.zeros(each.shape, each.dtype))  # fewer numbers where the data set has 68 points
    result = np.zeros((len(faces.found), *first.shape), each.dtype)
    for index, values in zip(found, itertools.chain([first], rows), strict=False):
        result[index] = values
    return result


@dataclass(frozen=True, slots=True)
class Standardization:
    """Of each input: take off the mean, divide by the standard deviation, cut off at ± ``clip``."""

    by: dict[str, MeanStd]
    """For each number, (…) of the input's shape, where ``Input.standardized``; else (1,)."""
    clip: float

    def __call__(self, inputs: Inputs) -> Inputs:
        """(N, …) each → float32 (N, …) each."""
        return {name: standardize(values, self.by[name], self.clip) for name, values in inputs.items()}

    def deployed(self, inputs: Inputs) -> Inputs:
        """(N, …) each → what ``train.network.model.deployed`` takes."""
        return {name: deployed(name, values, self.by[name], self.clip) for name, values in inputs.items()}


def standardization(inputs: Inputs, clip: float) -> Standardization:
    """That of training rows, to four digits: more would only make the bundle larger.

    Each coordinate of the landmarks has a mean and a standard deviation of its own. A feature map has one
    of each: its values are on one scale already, and a convolution comes next.
    """
    return Standardization({name: _mean_std(name, values) for name, values in inputs.items()}, clip)


def _mean_std(name: str, values: NDArray[Any]) -> MeanStd:
    if INPUTS[name].normalized:
        return MeanStd(np.zeros(1, np.float32), np.ones(1, np.float32))
    if INPUTS[name].standardized:
        mean, std = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
    else:
        # Row by row: in float64 a whole map would take four times its memory.
        rows = (row.astype(np.float64) for row in values)
        mean, square = np.mean([[[row.mean()], [np.square(row).mean()]] for row in rows], axis=0)
        std = np.sqrt(np.maximum(square - mean**2, 0.0))
    return MeanStd(_rounded(mean), _rounded(np.maximum(std, MIN_STD)))


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.array([float(f"{value:.4g}") for value in values.flat], np.float32).reshape(values.shape)


def take(inputs: Inputs, index: NDArray[np.int64]) -> Inputs:
    """Some rows of each input."""
    return {name: values[index] for name, values in inputs.items()}


def jittered(inputs: Inputs, jitter: float, rng: np.random.Generator) -> Inputs:
    """With Gaussian noise on the landmarks, whose standard deviation is ``jitter``; maps are varied by the
    views.

    Args:
        inputs: float32 (B, …) each, standardized.
    """
    if not jitter or LANDMARKS.name not in inputs:
        return inputs
    landmarks = inputs[LANDMARKS.name]
    noise = np.float32(jitter) * rng.standard_normal(landmarks.shape, np.float32)
    return {**inputs, LANDMARKS.name: landmarks + noise}
