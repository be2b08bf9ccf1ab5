"""Classifiers of scikit-learn as networks of Keras."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from edge.head.inputs import LANDMARKS
from train.baselines.estimators import Matrix


def dense_network(weights: Sequence[tuple[Matrix, Matrix]]) -> keras.Model:
    """A network of dense layers with ReLU between them: (N, F) → logits.

    A hidden layer has its bias in a normalization that changes nothing else: in this form ``mien convert``
    corrects the rounding of the weights.

    Args:
        weights: kernel (inputs, units) and bias (units,) of each layer, in their order.
    """
    *hidden, _ = weights
    entry = values = layers.Input((len(weights[0][0]),), name=LANDMARKS.name)
    arrays: list[Matrix] = []
    for kernel, bias in hidden:
        values = layers.Dense(len(bias), use_bias=False)(values)
        normalization = layers.BatchNormalization()
        values = layers.ReLU()(normalization(values))
        one = np.ones(len(bias))
        arrays += [kernel, one, bias, 0 * one, one - normalization.epsilon]
    values = layers.Dense(len(weights[-1][1]))(values)
    model = keras.Model([entry], values)
    model.set_weights([*arrays, *weights[-1]])
    return model
