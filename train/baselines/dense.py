"""Classifiers of scikit-learn as networks of Keras."""

from collections.abc import Sequence

import keras
from keras import layers

from edge.head.inputs import LANDMARKS
from train.baselines.estimators import Matrix


def dense_network(weights: Sequence[tuple[Matrix, Matrix]]) -> keras.Model:
    """A network of dense layers with ReLU between them: (N, F) → logits.

    Args:
        weights: kernel (inputs, units) and bias (units,) of each layer, in their order.
    """
    *hidden, _ = weights
    entry = values = layers.Input((len(weights[0][0]),), name=LANDMARKS.name)
    for kernel, _ in hidden:
        values = layers.Dense(kernel.shape[1], activation="relu")(values)
    values = layers.Dense(weights[-1][0].shape[1])(values)
    model = keras.Model([entry], values)
    model.set_weights([array for layer in weights for array in layer])
    return model
