"""Rounding of weights shifts the mean of a layer's outputs; the normalization after it corrects that.

Empirical bias correction: Nagel et al., 2019, arXiv:1906.04721, section 4.2.
"""

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from convert.outputs import outputs_in_chunks


def correct_bias(model: keras.Model, rows: list[NDArray[np.float32]]) -> keras.Model:
    """A copy whose weights have int8 steps already, and whose layers have the means of ``model``.

    Layer by layer, from the inputs on: each normalization, and the bias of the last layer, moves by as
    much as the mean after the layers before it differs from ``model``.

    Args:
        model: float32 (N, F), one or more → float32 (N, C), from a fully connected layer; batch
            normalization after all other layers with weights, which have no bias of their own.
        rows: float32 (K, F) for each input; the means are over these K faces.
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
    """Axis of the kernel with a scale for each index, as TensorFlow Lite quantizes it."""
    return -2 if isinstance(layer, layers.DepthwiseConv2D) else -1


def _rounded(kernel: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """The kernel rounded to 127 steps either way for each channel, as TensorFlow Lite rounds it."""
    others = tuple(axis for axis in range(kernel.ndim) if axis != kernel.ndim + channels)
    largest = np.abs(kernel).max(axis=others, keepdims=True)
    step = np.where(largest > 0, largest, 1) / 127
    return np.asarray(np.round(kernel / step) * step, np.float32)


def _until(model: keras.Model, name: str) -> keras.Model:
    """The part of a network whose output is the input of a layer."""
    return keras.Model(model.inputs, model.get_layer(name).input)


def _mean(model: keras.Model, rows: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Mean of each output channel over all rows and positions: (channels,)."""
    values = np.concatenate([*outputs_in_chunks(model, rows)])
    return np.asarray(values.mean(axis=tuple(range(values.ndim - 1))), np.float32)
