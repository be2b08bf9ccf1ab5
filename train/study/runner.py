"""The training of a study, which is the same for every row of its table.

Only ``scores`` loads TensorFlow, when it is called.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.cli.console import quiet_import
from edge.core.quantize import softmax
from evaluation import metrics
from evaluation.label_sets import vote_distribution
from train.dataset.balance import batches, epoch_order, row_weights
from train.dataset.inputs import Inputs, Standardization, standardization, take, with_feature_noise
from train.dataset.labelled_faces import LabelledFaces
from train.settings import TrainingSettings

if TYPE_CHECKING:
    from train.network.trainer import Batch, Trainer

DEFAULTS = TrainingSettings(inputs=("landmarks",), hidden=(128, 64), epochs=15)
"""Default settings of a study: a small network and a short training, since many of them are compared."""


def scores(
    inputs: Inputs, data: LabelledFaces, settings: TrainingSettings, seeds: int
) -> list[dict[str, Any]]:
    """Train once for each seed and score the validation faces, see ``evaluation.metrics.report``.

    The split stays the same; the initial weights, the order of rows and the noise change.

    Args:
        inputs: (N, …) each.
        data: N faces that passed ``steps``.
        settings: settings of the training; the first seed is theirs.
        seeds: number of trainings.

    Raises:
        DataError: a training diverged.
    """
    standardize = standardization(take(inputs, data.training), settings.clip)
    x_validation = [*standardize(take(inputs, data.validation)).values()]
    true = data.truth.number[data.validation]
    results = []
    for seed in range(settings.seed, settings.seed + seeds):
        trainer = _trained(inputs, standardize, data, replace(settings, seed=seed))
        logits = trainer.predict(x_validation)  # (V, C)
        confidence = softmax(logits).max(axis=1)
        found = np.ones(len(true), bool)
        results.append(metrics.report(data.labels.labels, true, logits.argmax(axis=1), confidence, found))
    return results


def _trained(
    inputs: Inputs, standardize: Standardization, data: LabelledFaces, settings: TrainingSettings
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
    steps = len(data.training) // settings.batch
    trainer = Trainer(lambda: build_model(shapes, len(data.labels.labels), settings), steps, settings)
    for batch in training_batches(inputs, standardize, data, settings):
        trainer.step(batch)
    return trainer


def training_batches(
    inputs: Inputs, standardize: Standardization, data: LabelledFaces, settings: TrainingSettings
) -> Iterator["Batch"]:
    """All batches of a training, as many as without a balance, whatever the balance makes of an epoch."""
    from train.network.trainer import Batch

    rng = np.random.default_rng(settings.seed)
    number, target = data.truth.number[data.training], data.truth.target[data.training]
    votes = vote_distribution(data.rows.votes[data.training])
    weight = row_weights(number, settings.balance)
    steps = settings.epochs * (len(data.training) // settings.batch)
    for pick in islice(_endless_picks(number, settings, rng), steps):
        x = standardize(take(inputs, data.training[pick]))
        x = with_feature_noise(x, settings.feature_noise, rng)
        yield Batch([*x.values()], target[pick], votes[pick], weight[pick])


def _endless_picks(
    number: NDArray[np.int64], settings: TrainingSettings, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Rows of one step after the other, epoch after epoch, without an end."""
    while True:
        yield from batches(epoch_order(number, settings.balance, rng), settings.batch)
