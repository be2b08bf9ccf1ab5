"""The network: a multilayer perceptron on aligned landmarks, beside it convolutions on maps and texture."""

from collections.abc import Mapping

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from edge.head.inputs import INPUTS, LANDMARKS
from evaluation.label_sets import EMOTIONS
from train.dataset.training_data import Standardization
from train.network.normalization import FusedBatchNormalization, plain
from train.settings import Settings


def build_model(shapes: Mapping[str, tuple[int, ...]], classes: int, settings: Settings) -> keras.Model:
    """Standardized inputs (N, …) → logits (N, C), and logits (N, 8) for the FER+ votes.

    Beside other inputs, the landmarks are first brought to fewer numbers; feature maps and the texture go
    through small convolutions. All of them have been through a normalization then, so that one int8 scale
    fits them.

    Args:
        shapes: of each input, by its name in ``edge.head.inputs``.
        classes: C
        settings: sizes and dropout.
    """
    inputs = {name: layers.Input(shape, name=name) for name, shape in shapes.items()}
    alone = list(inputs) == [LANDMARKS.name] and settings.hidden
    parts = [values if alone else _PARTS[name](values, settings) for name, values in inputs.items()]
    hidden = layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    for units in settings.hidden:
        hidden = layers.Dense(units, use_bias=False)(hidden)
        hidden = layers.Dropout(settings.dropout)(_activated(hidden))
    outputs = [layers.Dense(classes)(hidden), layers.Dense(len(EMOTIONS))(hidden)]
    return keras.Model(list(inputs.values()), outputs)


def _landmarks(values: keras.KerasTensor, settings: Settings) -> keras.KerasTensor:
    return _activated(layers.Dense(settings.narrow, use_bias=False)(values))


def _coarse_map(values: keras.KerasTensor, settings: Settings) -> keras.KerasTensor:
    """The 3×3 map with fewer channels."""
    return layers.Flatten()(_first_look("coarse_map", values, settings.narrow))


def _fine_map(values: keras.KerasTensor, settings: Settings) -> keras.KerasTensor:
    """The 12×12 map brought to 6×6, looked at once more."""
    narrow, wide = settings.channels
    fine = _first_look("fine_map", values, narrow)
    fine = _activated(layers.Conv2D(wide, 3, strides=2, padding="same", use_bias=False)(fine))
    # A residual block with a separable convolution (He et al., 2016; Chollet, 2017).
    change = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(fine)
    change = layers.Conv2D(wide, 1, use_bias=False)(layers.BatchNormalization()(change))
    return layers.Flatten()(layers.ReLU()(layers.Add()([fine, layers.BatchNormalization()(change)])))


def _texture(values: keras.KerasTensor, settings: Settings) -> keras.KerasTensor:
    """A small residual network (He et al., 2016), and the mean over all places."""
    first, second, *further = settings.texture_channels
    values = layers.ReLU()(_convolution(values, first, 5, strides=2))
    values = layers.ReLU()(_convolution(values, second, 3))
    for channels in further:
        change = layers.ReLU()(_convolution(values, channels, 3, strides=2))
        change = _convolution(change, channels, 3)
        values = layers.ReLU()(layers.Add()([change, _convolution(values, channels, 1, strides=2)]))
    return layers.Dropout(settings.dropout)(layers.GlobalAveragePooling2D()(values))


_PARTS = {"landmarks": _landmarks, "coarse_map": _coarse_map, "fine_map": _fine_map, "texture": _texture}
"""What becomes of each input before all of them come together: (N, …) → (N, F)."""


def _convolution(values: keras.KerasTensor, channels: int, size: int, strides: int = 1) -> keras.KerasTensor:
    """With the normalization behind it; He et al., 2015, arXiv:1502.01852."""
    values = layers.Conv2D(
        channels, size, strides, padding="same", use_bias=False, kernel_initializer="he_normal"
    )(values)
    return FusedBatchNormalization(momentum=0.97)(values)


def _first_look(name: str, values: keras.KerasTensor, channels: int) -> keras.KerasTensor:
    """A map with fewer channels; ``_take_raw`` finds these layers by their names."""
    values = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_convolution")(values)
    return layers.ReLU()(layers.BatchNormalization(name=f"{name}_normalization")(values))


def _activated(tensor: keras.KerasTensor) -> keras.KerasTensor:
    return layers.ReLU()(layers.BatchNormalization()(tensor))


def deployed(
    model: keras.Model,
    share: NDArray[np.float64],
    settings: Settings,
    standardize: Standardization,
) -> keras.Model:
    """The part that goes on: standardized landmarks, feature maps as they are → logits of the classes.

    Rare classes get larger logits, as much as ``adjustment`` says (logit adjustment: Menon et al., 2021,
    arXiv:2007.07314), and each class what ``odds`` says. The mean over the classes is taken off: that moves
    no probability, and int8 has a smaller range to cover.

    Args:
        model: of ``build_model``.
        share: float64 (C,) > 0, of each class in the training rows.
        settings: adjustment, odds.
        standardize: of its inputs.
    """
    for name, (mean, std) in standardize.by.items():
        if not (INPUTS[name].standardized or INPUTS[name].normalized):
            _take_raw(model, name, float(mean[0]), float(std[0]))
    kernel, bias = model.layers[-2].get_weights()  # (units, C), (C,)
    bias = bias - settings.adjustment * np.log(share)
    if settings.odds:
        bias = bias + np.log(settings.odds)
    model.layers[-2].set_weights([kernel - kernel.mean(axis=1, keepdims=True), bias - bias.mean()])
    return plain(keras.Model(model.inputs, model.outputs[0]))


def _take_raw(model: keras.Model, name: str, mean: float, std: float) -> None:
    """Move the standardization of a map into its first convolution, whose kernel has one pixel, and into
    the mean of the normalization behind it: the device has nothing to compute before the network."""
    convolution = model.get_layer(f"{name}_convolution")
    normalization = model.get_layer(f"{name}_normalization")
    kernel = convolution.get_weights()[0] / std  # (1, 1, channels in, channels out)
    gamma, beta, moving_mean, moving_variance = normalization.get_weights()
    moving_mean = moving_mean + mean * kernel.sum(axis=(0, 1, 2))
    convolution.set_weights([kernel])
    normalization.set_weights([gamma, beta, moving_mean, moving_variance])
