"""The rows of a landmarks folder with their classes, split into training, validation and evaluation."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError
from edge.head.inputs import maps_of
from evaluation.label_sets import LABEL_SETS, LabelSet, majority, shares, vote_distribution
from train.dataset import landmarks_folder
from train.dataset.balance import epoch_order
from train.dataset.landmarks_folder import Faces, LandmarksFolder, Rows
from train.settings import TrainingSettings

TRAINING_SPLITS = ("Training", "training", "Train", "train", "train_set", "all")
"""Names of splits that are trained on; all others are evaluated, and not used before the end."""

HELD_OUT = "held-out"
"""Name of the evaluation rows that are taken from the training rows of data without an evaluation split."""

SPLIT_SEED = 0
"""Seed of the choice of validation rows: runs with different seeds are compared on the same rows."""


@dataclass(frozen=True, slots=True)
class Truth:
    """The ground truth of N rows."""

    number: NDArray[np.int64]
    """int64 (N,), index of the class; −1: the row is not scored."""
    target: NDArray[np.float32]
    """float32 (N, C), sums to 1; zeros where the row is not trained on."""


@dataclass(frozen=True, slots=True)
class Split:
    """Indices of rows by their use; rows without a face are included, rows without a class are not."""

    training: NDArray[np.int64]
    validation: NDArray[np.int64]
    evaluation: dict[str, NDArray[np.int64]]
    """Indices by the data set's own name of the split."""
    duplicates: int
    """Number of training rows that are excluded because an evaluation row has the same picture."""


@dataclass(frozen=True, slots=True)
class LabelledFaces:
    """A landmarks folder that is open for training."""

    folder: LandmarksFolder
    faces: Faces
    """The unaugmented faces of all rows."""
    labels: LabelSet
    """The C classes."""
    truth: Truth
    split: Split
    training: NDArray[np.int64]
    """int64 (T,), indices of the training rows with a face."""
    validation: NDArray[np.int64]
    """int64 (V,), indices of the validation rows with a face."""

    @property
    def rows(self) -> Rows:
        """Everything about the rows beside their faces."""
        return self.folder.rows

    @property
    def known(self) -> NDArray[np.int64]:
        """Sorted indices of the training and validation rows with a face."""
        return np.sort(np.concatenate([self.training, self.validation]))

    def steps(self, settings: TrainingSettings) -> int:
        """Number of steps in an epoch with the balance and the batch of ``settings``.

        Raises:
            DataError: an epoch has less than one batch, or there is no face to validate.
        """
        number, balance, batch = self.truth.number[self.training], settings.balance, settings.batch
        rows = len(epoch_order(number, balance, np.random.default_rng(0))) if len(number) else 0
        if rows < batch or not len(self.validation):
            raise DataError(
                f"{self.folder.path} has {rows} faces for an epoch (balance={balance}) and "
                f"{len(self.validation)} to validate: expected at least one batch ({batch}) and 1; use more "
                "data or --set batch=…"
            )
        return rows // batch

    def only(self, usable: NDArray[np.bool_]) -> "LabelledFaces":
        """The same with only those training and validation faces that are true in ``usable``, bool (N,)."""
        training, validation = (index[usable[index]] for index in (self.training, self.validation))
        return replace(self, training=training, validation=validation)

    def only_found(self) -> "LabelledFaces":
        """The same without the rows that have no face, and without evaluation rows."""
        found = self.faces.found
        place = np.cumsum(found) - 1  # of each row among the found ones
        training, validation = place[self.training], place[self.validation]
        return LabelledFaces(
            replace(self.folder, rows=self.rows.take(found)),
            self.faces.take(found),
            self.labels,
            Truth(self.truth.number[found], self.truth.target[found]),
            Split(training, validation, {}, self.split.duplicates),
            training,
            validation,
        )


def open_labelled_faces(landmarks: Path, settings: TrainingSettings, maps: bool = True) -> LabelledFaces:
    """Open a landmarks folder, classify its rows and split them.

    Args:
        landmarks: folder of ``extract``.
        settings: classes, ground truth, share of the validation rows, and inputs.
        maps: read the feature maps that are among the inputs, which takes most of the time and memory.

    Raises:
        DataError: the folder cannot be used.
    """
    folder = landmarks_folder.load(landmarks)
    faces = folder.faces(maps=maps_of(settings.inputs) if maps else ())
    labels = LABEL_SETS[settings.labels]
    truth = ground_truth(folder.rows, labels, settings.truth)
    split = split_rows(folder.rows, truth.number, settings.validation)
    training, validation = (index[faces.found[index]] for index in (split.training, split.validation))
    return LabelledFaces(folder, faces, labels, truth, split, training, validation)


def ground_truth(rows: Rows, labels: LabelSet, source: str) -> Truth:
    """Classes and targets of all rows.

    Args:
        rows: labels and votes.
        labels: the classes.
        source: ``"label"``: the label of the data set; ``"votes"``: the majority of the ten people of
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
    return Truth(number, np.where(number[:, None] >= 0, class_votes(rows, labels), np.float32(0)))


def class_votes(rows: Rows, labels: LabelSet) -> NDArray[np.float32]:
    """Distribution of each row's FER+ votes over the classes: float32 (N, C); zeros where no vote is for a
    class."""
    return shares(vote_distribution(rows.votes) @ labels.matrix())


def split_rows(rows: Rows, number: NDArray[np.int64], validation: float, keep_copies: bool = False) -> Split:
    """Split the rows into training, validation and evaluation.

    Identical pictures stay together, and so do all rows of one subject. Training rows with the picture of
    an evaluation row are excluded. Where the data has no evaluation split, as many rows as for validation
    are held out for it.

    Args:
        rows: N rows.
        number: int64 (N,), the classes; −1: excluded.
        validation: share of the training rows; the same of each class.
        keep_copies: train on the copies of evaluation pictures as well. That is a leak, which many
            published figures have; only for comparison with them.

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
    if keep_copies:
        is_copy[:] = False
    usable = np.flatnonzero(is_training & ~is_copy & has_class)
    if not len(usable):
        raise DataError(f"no rows to train on: expected a split named {' or '.join(TRAINING_SPLITS)}")
    group = np.where(rows.subject != "", rows.subject, rows.picture_hash)[usable]
    order = _draw(group, number[usable])
    parts = {"validation": (0.0, validation)}
    if not evaluation:
        parts[HELD_OUT] = (validation, 2 * validation)
    chosen = {name: usable[(order >= low) & (order < high)] for name, (low, high) in parts.items()}
    if not evaluation and len(chosen[HELD_OUT]):
        evaluation[HELD_OUT] = chosen[HELD_OUT]
    taken = np.concatenate(list(chosen.values()))
    training = usable[~np.isin(usable, taken)]
    return Split(training, chosen["validation"], evaluation, int(is_copy.sum()))


def _draw(group: NDArray[np.str_], number: NDArray[np.int64]) -> NDArray[np.float64]:
    """Position of each row in [0, 1): the same for a whole group, evenly spread within each class."""
    names, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    rng = np.random.default_rng(SPLIT_SEED)
    position = np.zeros(len(names))
    for label in np.unique(number):
        members = np.flatnonzero(number[first] == label)
        position[rng.permutation(members)] = np.arange(len(members)) / max(1, len(members))
    return position[inverse]
