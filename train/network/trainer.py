"""The steps of a training, and the exponential moving average of the weights."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from edge.core.errors import DataError
from train.dataset.balance import FOCAL_GAMMA
from train.settings import TrainingSettings

WARMUP_EPOCHS = 2
"""Epochs in which the learning rate rises."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs and targets of B faces."""

    inputs: list[NDArray[np.float32]]
    """float32 (B, …) each, standardized."""
    target: NDArray[np.float32]
    """float32 (B, C), sums to 1."""
    votes: NDArray[np.float32]
    """float32 (B, 8), sums to 1; zeros where a row has no votes."""
    weight: NDArray[np.float32]
    """float32 (B,), weight of each face in the loss."""


@contextmanager
def _precision(name: str) -> Iterator[None]:
    """Number format of the layers that are made in this context; their weights stay float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if name == "bfloat16" else name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


class Trainer:
    """A network that AdamW trains, with warm-up and cosine decay, and a second one with averaged weights."""

    def __init__(self, build: Callable[[], keras.Model], steps: int, settings: TrainingSettings) -> None:
        """Build both networks.

        Args:
            build: makes a network: inputs → logits of the classes and of the votes.
            steps: number of steps in an epoch.
            settings: epochs, precision, learning rate, weight decay, EMA decay, weight of the votes, balance.
        """
        self._settings = settings
        self._averaged = build()
        with _precision(settings.precision):
            self._model = build()
        warmup = min(WARMUP_EPOCHS, settings.epochs) * steps
        schedule = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0,
            warmup_target=settings.learning_rate,
            warmup_steps=warmup,
            decay_steps=max(1, settings.epochs * steps - warmup),
        )
        self._optimizer = keras.optimizers.AdamW(schedule, weight_decay=settings.weight_decay)
        self._averaged.set_weights(self._model.get_weights())
        self._optimizer.build(self._model.trainable_variables)
        self._steps = 0

    def step(self, batch: Batch) -> float:
        """Train on one batch; gives the loss of the classes."""
        self._steps += 1
        keep = min(self._settings.ema_decay, self._steps / (self._steps + 10))  # follows quickly at first
        return float(self._step(batch.inputs, batch.target, batch.votes, batch.weight, tf.constant(keep)))

    def predict(self, inputs: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Logits of the classes (N, C) by the averaged weights.

        Raises:
            DataError: the training diverged.
        """
        logits: NDArray[np.float32] = self._averaged.predict(inputs, batch_size=4096, verbose=0)[0]
        if not np.isfinite(logits).all():
            raise DataError(f"the training diverged within {self._steps} steps: use a lower learning_rate")
        return logits

    def start(self, weights: list[NDArray[np.float32]]) -> None:
        """Replace the fresh weights by these, in the order of ``average``."""
        self._model.set_weights(weights)
        self._averaged.set_weights(weights)

    def state(self) -> tuple[list[NDArray[Any]], int]:
        """The state for ``restore``: all variables, and the number of steps so far."""
        return [np.array(keras.ops.convert_to_numpy(each)) for each in self._variables()], self._steps

    def restore(self, arrays: list[NDArray[Any]], steps: int) -> None:
        """Go on from a ``state`` of a trainer with the same settings."""
        for variable, array in zip(self._variables(), arrays, strict=True):
            variable.assign(array)
        self._steps = steps

    def _variables(self) -> list[keras.Variable]:
        return [*self._model.variables, *self._averaged.variables, *self._optimizer.variables]

    def average(self) -> list[NDArray[np.float32]]:
        """A copy of the averaged weights."""
        weights: list[NDArray[np.float32]] = self._averaged.get_weights()
        return weights

    def with_weights(self, weights: list[NDArray[np.float32]]) -> keras.Model:
        """The averaged network, set to these weights."""
        self._averaged.set_weights(weights)
        return self._averaged

    @tf.function
    def _step(
        self, inputs: list[tf.Tensor], target: tf.Tensor, votes: tf.Tensor, weight: tf.Tensor, keep: tf.Tensor
    ) -> tf.Tensor:
        with tf.GradientTape() as tape:
            outputs = self._model(inputs, training=True)
            logits, vote_logits = (tf.cast(output, tf.float32) for output in outputs)
            loss = tf.reduce_mean(weight * self._row_loss(target, logits))
            # Rows without votes have a target of zeros, which costs nothing and moves nothing. (The
            # gradient of TensorFlow's own cross-entropy holds only for targets that sum to 1.)
            vote_loss = -tf.reduce_sum(votes * tf.nn.log_softmax(vote_logits), axis=1)
            total = loss + self._settings.votes_weight * tf.reduce_mean(vote_loss)
        variables = self._model.trainable_variables
        self._optimizer.apply_gradients(zip(tape.gradient(total, variables), variables, strict=True))
        for average, value in zip(self._averaged.variables, self._model.variables, strict=True):
            if average.dtype == "float32":  # the state of a random generator is no weight
                average.assign(keep * average + (1.0 - keep) * value)
        return loss

    def _row_loss(self, target: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        loss = tf.nn.softmax_cross_entropy_with_logits(target, logits)
        if self._settings.balance != "focal":
            return loss
        right = tf.reduce_sum(target * tf.nn.softmax(logits), axis=1)
        return (1.0 - right) ** FOCAL_GAMMA * loss
