"""The faces and the training of a study, which are the same for every row of its table.

Only ``scores`` loads TensorFlow, when it is called.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.cli.console import quiet_import
from edge.core.quantize import softmax
from evaluation import metrics
from evaluation.label_sets import vote_distribution
from train.dataset.balance import batches, epoch_order, row_weights
from train.dataset.inputs import Inputs, Standardization, standardization, take, with_feature_noise
from train.dataset.labelled_faces import open_labelled_faces, require_rows
from train.dataset.landmarks_folder import Faces, LandmarksFolder, Rows
from train.settings import TrainingSettings

if TYPE_CHECKING:
    from train.network.trainer import Batch, Trainer

DEFAULTS = TrainingSettings(inputs=("landmarks",), hidden=(128, 64), epochs=15)
"""Default settings of a study: a small network and a short training, since many of them are compared."""


@dataclass(frozen=True, slots=True)
class Task:
    """The N faces of a landmarks folder, split into training and validation. Evaluation rows are not used."""

    folder: LandmarksFolder
    labels: tuple[str, ...]
    """Names of the C classes."""
    rows: Rows
    """Rows with a face."""
    faces: Faces
    """Faces that were found."""
    number: NDArray[np.int64]
    """int64 (N,), see ``train.dataset.labelled_faces.Truth``."""
    target: NDArray[np.float32]
    """float32 (N, C), see ``train.dataset.labelled_faces.Truth``."""
    training: NDArray[np.int64]
    """Indices of the training faces."""
    validation: NDArray[np.int64]
    """Indices of the validation faces."""

    def only(self, usable: NDArray[np.bool_]) -> "Task":
        """The task with only those training and validation faces that are true in ``usable``, bool (N,)."""
        training, validation = (index[usable[index]] for index in (self.training, self.validation))
        return replace(self, training=training, validation=validation)


def open_task(landmarks: Path, settings: TrainingSettings) -> Task:
    """Read a landmarks folder without its augmented views, and only the feature maps of the settings.

    Raises:
        DataError: the folder cannot be used.
    """
    data = open_labelled_faces(landmarks, settings)
    found = data.faces.found
    place = np.cumsum(found) - 1  # of each row among the found ones
    return Task(
        data.folder,
        data.labels.labels,
        Rows(*(getattr(data.rows, each.name)[found] for each in fields(Rows))),
        data.faces if found.all() else data.faces.take(found),
        data.truth.number[found],
        data.truth.target[found],
        place[data.training],
        place[data.validation],
    )


def require_faces(task: Task, settings: TrainingSettings) -> None:
    """Check before the first training that there are enough faces; raises as ``require_rows`` does."""
    require_rows(task.folder.path, task.number[task.training], task.validation, settings)


def scores(inputs: Inputs, task: Task, settings: TrainingSettings, seeds: int) -> list[dict[str, Any]]:
    """Train once for each seed and score the validation faces, see ``evaluation.metrics.report``.

    The split stays the same; the initial weights, the order of rows and the noise change.

    Args:
        inputs: (N, …) each.
        task: faces that passed ``require_faces``.
        settings: settings of the training; the first seed is theirs.
        seeds: number of trainings.

    Raises:
        DataError: a training diverged.
    """
    standardize = standardization(take(inputs, task.training), settings.clip)
    x_validation = [*standardize(take(inputs, task.validation)).values()]
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
    inputs: Inputs, standardize: Standardization, task: Task, settings: TrainingSettings
) -> "Trainer":
    """A network after the last step of its training, as in ``train.fit`` but without augmented views."""
    with quiet_import():
        import keras
        import tensorflow as tf

        from train.network.model import build_model
        from train.network.trainer import Trainer

    tf.get_logger().setLevel("ERROR")  # it warns of many networks in one process
    keras.utils.set_random_seed(settings.seed)
    tf.config.experimental.enable_op_determinism()
    shapes = {name: values.shape[1:] for name, values in inputs.items()}
    steps = len(task.training) // settings.batch
    trainer = Trainer(lambda: build_model(shapes, len(task.labels), settings), steps, settings)
    for batch in training_batches(inputs, standardize, task, settings):
        trainer.step(batch)
    return trainer


def training_batches(
    inputs: Inputs, standardize: Standardization, task: Task, settings: TrainingSettings
) -> Iterator["Batch"]:
    """All batches of a training, as many as without a balance, whatever the balance makes of an epoch."""
    from train.network.trainer import Batch

    rng = np.random.default_rng(settings.seed)
    number, target = task.number[task.training], task.target[task.training]
    votes = vote_distribution(task.rows.votes[task.training])
    weight = row_weights(number, settings.balance)
    steps = settings.epochs * (len(task.training) // settings.batch)
    for pick in islice(_endless_picks(number, settings, rng), steps):
        x = standardize(take(inputs, task.training[pick]))
        x = with_feature_noise(x, settings.feature_noise, rng)
        yield Batch([*x.values()], target[pick], votes[pick], weight[pick])


def _endless_picks(
    number: NDArray[np.int64], settings: TrainingSettings, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Rows of one step after the other, epoch after epoch, without an end."""
    while True:
        yield from batches(epoch_order(number, settings.balance, rng), settings.batch)
