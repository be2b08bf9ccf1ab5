"""The training and validation faces as the network takes them, and the batches of each epoch."""

from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.head.inputs import LANDMARKS, maps_of
from edge.landmarks.texture import NAME as TEXTURE
from evaluation.label_sets import shares, vote_distribution
from train.dataset.balance import batches, epoch_order, row_weights
from train.dataset.inputs import Inputs, read_inputs, standardization, take, with_feature_noise
from train.dataset.labelled_faces import LabelledFaces, class_votes
from train.network.landmark_noise import LandmarkNoise
from train.network.texture_augmentation import augmented
from train.network.trainer import Batch
from train.settings import TrainingSettings
from train.teacher.answers import read_answers, rows_and_classes


class TrainingSet:
    """T training and V validation faces with their inputs, targets and weights."""

    def __init__(self, data: LabelledFaces, settings: TrainingSettings, teachers: Sequence[Path]) -> None:
        """Compute the inputs and the targets.

        Args:
            data: the faces.
            settings: inputs, noise, balance, and the parts of the target.
            teachers: run folders of ``teach``.

        Raises:
            DataError: a teacher cannot be used.
        """
        self._data, self._settings = data, settings
        self.inputs = read_inputs(data.faces, settings.inputs)
        """(rows, …) for each input, unaugmented."""
        self.standardize = standardization(take(self.inputs, data.training), settings.clip)
        self._number = data.truth.number[data.training]
        self._target = _targets(data, settings, teachers)[data.training]  # (T, C)
        self._votes = vote_distribution(data.rows.votes[data.training])  # (T, 8)
        self._weight = row_weights(self._number, settings.balance)  # (T,)
        self._noise = None
        if LANDMARKS.name in self.inputs:
            mean_face = self.standardize.by[LANDMARKS.name].mean
            self._noise = LandmarkNoise(mean_face, settings.landmark_jitter, settings.landmark_dropout)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each input of one face."""
        return {name: values.shape[1:] for name, values in self.inputs.items()}

    def class_shares(self) -> NDArray[np.float64]:
        """Share of each class in the training faces, float64 (C,), above 0."""
        counts = np.bincount(self._number, minlength=len(self._data.labels.labels))
        return np.maximum(counts, 1) / len(self._number)

    def batches(self, epoch: int, rng: np.random.Generator) -> Generator[Batch]:
        """The batches of an epoch, which is counted from 0."""
        settings = self._settings
        unaugmented = rng.random(len(self._number)) < settings.unaugmented
        view = epoch_view(self._data, self.inputs, epoch, unaugmented)  # (T, …) each
        for pick in batches(epoch_order(self._number, settings.balance, rng), settings.batch):  # (B,)
            x = take(view, pick)
            if self._noise:
                x[LANDMARKS.name] = self._noise(x[LANDMARKS.name], rng)
            x = with_feature_noise(self.standardize(x), settings.feature_noise, rng)
            if TEXTURE in x:
                x[TEXTURE] = augmented(x[TEXTURE], rng)
            yield Batch([*x.values()], self._target[pick], self._votes[pick], self._weight[pick])


def epoch_view(data: LabelledFaces, inputs: Inputs, epoch: int, unaugmented: NDArray[np.bool_]) -> Inputs:
    """The training faces in the augmented view of an epoch: each epoch has the next view.

    Args:
        data: T training faces.
        inputs: (rows, …) each, unaugmented.
        epoch: number of the epoch, from 0.
        unaugmented: bool (T,), faces that stay unaugmented.

    Returns:
        (T, …) each; faces stay unaugmented where the view has no face, and where there are no views.
    """
    folder, training = data.folder, data.training
    if not folder.views:
        return take(inputs, training)
    faces = folder.faces(1 + epoch % folder.views, maps_of(inputs))
    view = take(read_inputs(faces, list(inputs)), training)
    unchanged = unaugmented | ~faces.found[training]
    for name, values in view.items():
        values[unchanged] = inputs[name][training[unchanged]]
    return view


def _targets(
    data: LabelledFaces, settings: TrainingSettings, teachers: Sequence[Path]
) -> NDArray[np.float32]:
    """Targets of all rows, float32 (rows, C): ground truth, votes and the mean of the teachers' answers, in
    the shares of the settings; where a row lacks one of them, in the ratio of the others."""
    expected = rows_and_classes(data.folder.info, settings)
    answers = [read_answers(run, expected, len(data.rows)) for run in teachers]
    truth_share = 1 - settings.votes_in_target - (settings.teacher_weight if answers else 0)
    parts = [(truth_share, data.truth.target)]
    if settings.votes_in_target:
        parts.append((settings.votes_in_target, class_votes(data.rows, data.labels)))
    if answers:
        parts.append((settings.teacher_weight, np.mean(answers, axis=0)))
    return shares(np.sum([np.float32(share) * each for share, each in parts], axis=0))
