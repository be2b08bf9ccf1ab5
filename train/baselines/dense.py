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
    *hidden, (_, last) = weights
    entry = values = layers.Input((len(weights[0][0]),), name=LANDMARKS.name)
    for _, bias in hidden:
        values = layers.Dense(len(bias), activation="relu")(values)
    model = keras.Model([entry], layers.Dense(len(last))(values))
    model.set_weights([array for layer in weights for array in layer])
    return model
