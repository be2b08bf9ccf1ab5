"""What the studies share: the same rows and the same training for every row of a table."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from edge.core.quantize import softmax
from edge.head.inputs import maps_of
from evaluation import metrics
from evaluation.label_sets import LABEL_SETS, vote_distribution
from train.dataset import landmarks_folder, training_data
from train.dataset.balance import batches, epoch_order, row_weights
from train.dataset.landmarks_folder import Faces, LandmarksFolder, Rows
from train.network.model import build_model
from train.network.trainer import Batch, Trainer
from train.settings import Settings

DEFAULTS = Settings(inputs=("landmarks",), hidden=(128, 64), epochs=15)
"""A small network and a short training: many of them are compared."""


@dataclass(frozen=True, slots=True)
class Task:
    """The N faces of a landmarks folder, and which of them are for what. Evaluation rows are not used."""

    folder: LandmarksFolder
    labels: tuple[str, ...]
    """Names of the C classes."""
    rows: Rows
    """Only those with a face."""
    faces: Faces
    """Only the found ones."""
    number: NDArray[np.int64]
    """int64 (N,), see ``train.dataset.training_data.Truth``."""
    target: NDArray[np.float32]
    """float32 (N, C), see ``train.dataset.training_data.Truth``."""
    training: NDArray[np.int64]
    """Indices of faces."""
    validation: NDArray[np.int64]
    """Indices of faces."""

    def only(self, usable: NDArray[np.bool_]) -> "Task":
        """With those training and validation faces that are true in ``usable``, bool (N,)."""
        training, validation = (index[usable[index]] for index in (self.training, self.validation))
        return replace(self, training=training, validation=validation)


def open_task(landmarks: Path, settings: Settings) -> Task:
    """Read a landmarks folder, unvaried; only the feature maps that the settings want.

    Raises:
        DataError: the folder cannot be used, or it has too few faces.
    """
    folder = landmarks_folder.load(landmarks)
    faces = folder.faces(maps=maps_of(settings.inputs))
    truth = training_data.truth(folder.rows, LABEL_SETS[settings.labels], settings.truth)
    split = training_data.split_rows(folder.rows, truth.number, settings.validation)
    place = np.cumsum(faces.found) - 1  # of each row among the found ones
    return Task(
        folder,
        LABEL_SETS[settings.labels].labels,
        Rows(*(getattr(folder.rows, each.name)[faces.found] for each in fields(Rows))),
        faces if faces.found.all() else faces.take(faces.found),
        truth.number[faces.found],
        truth.target[faces.found],
        place[split.training[faces.found[split.training]]],
        place[split.validation[faces.found[split.validation]]],
    )


def check(task: Task, settings: Settings) -> None:
    """See ``train.dataset.training_data.require_rows``."""
    number = task.number[task.training]
    training_data.require_rows(task.folder.path, number, task.validation, settings.balance, settings.batch)


def scores(inputs: training_data.Inputs, task: Task, settings: Settings, seeds: int) -> list[dict[str, Any]]:
    """Train once for each seed and score the validation faces, see ``evaluation.metrics.report``.

    The split stays the same; the initial weights, the order of rows and the noise change.

    Args:
        inputs: (N, …) each.
        task: the faces, which passed ``check``.
        settings: of the training; the first seed is its own.
        seeds: how many.

    Raises:
        DataError: a training diverged.
    """
    standardize = training_data.standardization(training_data.take(inputs, task.training), settings.clip)
    x_validation = [*standardize(training_data.take(inputs, task.validation)).values()]
    true = task.number[task.validation]
    results = []
    for seed in range(settings.seed, settings.seed + seeds):
        trainer = _trained(inputs, standardize, task, replace(settings, seed=seed))
        logits = trainer.predict(x_validation)  # (V, C)
        confidence = softmax(logits).max(axis=1)
        found = np.ones(len(true), bool)
        results.append(metrics.report(task.labels, true, logits.argmax(axis=1), confidence, found))
    return results


def _trained(
    inputs: training_data.Inputs, standardize: training_data.Standardization, task: Task, settings: Settings
) -> Trainer:
    """As ``train.fit`` trains, without views, and to the last epoch: the validation chooses nothing.

    Whatever the balance makes of an epoch, all take as many steps.
    """
    keras.utils.set_random_seed(settings.seed)
    tf.config.experimental.enable_op_determinism()
    rng = np.random.default_rng(settings.seed)
    number, target = task.number[task.training], task.target[task.training]
    votes = vote_distribution(task.rows.votes[task.training])
    weight = row_weights(number, settings.balance)
    shapes = {name: values.shape[1:] for name, values in inputs.items()}
    steps = len(task.training) // settings.batch
    trainer = Trainer(lambda: build_model(shapes, len(task.labels), settings), steps, settings)
    for pick in islice(_endless_batches(number, settings, rng), settings.epochs * steps):
        x = training_data.jittered(
            standardize(training_data.take(inputs, task.training[pick])), settings.jitter, rng
        )
        trainer.step(Batch([*x.values()], target[pick], votes[pick], weight[pick]))
    return trainer


def _endless_batches(
    number: NDArray[np.int64], settings: Settings, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Rows of one step after the other, epoch after epoch, without an end."""
    while True:
        yield from batches(epoch_order(number, settings.balance, rng), settings.batch)
