"""Rounded weights shift what a layer gives on average; the normalization behind it takes that off again.

Empirical bias correction: Nagel et al., 2019, arXiv:1906.04721, section 4.2.
"""

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray


def corrected(model: keras.Model, rows: list[NDArray[np.float32]]) -> keras.Model:
    """A copy whose weights are int8 already, and whose means are those of ``model``.

    Layer by layer, from the inputs on: each normalization, and the bias of the last layer, moves by as
    much as the layers before it have come to give another mean than in ``model``.

    Args:
        model: float32 (N, F), one or more → float32 (N, C), from a fully connected layer; batch
            normalization behind all other layers with weights, which have no bias of their own.
        rows: float32 (K, F) for each input; the means are taken over them.
    """
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    normalizations = [layer.name for layer in copy.layers if isinstance(layer, layers.BatchNormalization)]
    for layer in copy.layers:
        if layer.name not in normalizations and layer.weights:
            kernel, *bias = layer.get_weights()
            layer.set_weights([_rounded(kernel, _channels(layer)), *bias])
    for name in normalizations:
        gamma, beta, mean, variance = copy.get_layer(name).get_weights()
        mean = mean + _mean(_until(copy, name), rows) - _mean(_until(model, name), rows)
        copy.get_layer(name).set_weights([gamma, beta, mean, variance])
    kernel, bias = copy.layers[-1].get_weights()
    copy.layers[-1].set_weights([kernel, bias - _mean(copy, rows) + _mean(model, rows)])
    return copy


def _channels(layer: layers.Layer) -> int:
    """The axis of the kernel that TensorFlow Lite gives a scale for each place of."""
    return -2 if isinstance(layer, layers.DepthwiseConv2D) else -1


def _rounded(kernel: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """To 127 steps either way, for each channel: TensorFlow Lite finds the same codes."""
    others = tuple(axis for axis in range(kernel.ndim) if axis != kernel.ndim + channels)
    largest = np.abs(kernel).max(axis=others, keepdims=True)
    step = np.where(largest > 0, largest, 1) / 127
    return np.asarray(np.round(kernel / step) * step, np.float32)


def _until(model: keras.Model, name: str) -> keras.Model:
    """Up to what goes into a layer."""
    return keras.Model(model.inputs, model.get_layer(name).input)


def _mean(model: keras.Model, rows: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """(channels,)"""
    values = model.predict(rows, verbose=0)
    mean: NDArray[np.float32] = values.mean(axis=tuple(range(values.ndim - 1)))
    return mean
