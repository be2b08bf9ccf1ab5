"""The network: a multilayer perceptron on aligned landmarks, beside it the landmark network's own maps."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from edge.core import features
from edge.core.labels import EMOTIONS
from train.data import Standardization
from train.settings import Settings


def build_model(lengths: Sequence[int], classes: int, settings: Settings) -> keras.Model:
    """Standardized inputs (N, F) → logits (N, C), and logits (N, 8) for the FER+ votes.

    With feature maps, the landmarks are first brought to fewer numbers, and the maps go through small
    convolutions. All of them have been through a normalization then, so that one int8 scale fits them.

    Args:
        lengths: F of each input: landmarks, and maybe the feature maps.
        classes: C
        settings: sizes and dropout.
    """
    inputs = [layers.Input((length,)) for length in lengths]
    parts = inputs
    if len(inputs) > 1:
        landmarks, *maps = inputs
        squeezed = _activated(layers.Dense(settings.narrow, use_bias=False)(landmarks))
        parts = [squeezed, *_maps(maps, settings)]
    hidden = layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    for units in settings.hidden:
        hidden = layers.Dense(units, use_bias=False)(hidden)
        hidden = layers.Dropout(settings.dropout)(_activated(hidden))
    return keras.Model(inputs, [layers.Dense(classes)(hidden), layers.Dense(len(EMOTIONS))(hidden)])


def _maps(maps: list[keras.KerasTensor], settings: Settings) -> list[keras.KerasTensor]:
    """The 3×3 map with fewer channels, and the 12×12 map brought to 6×6, looked at once more; both laid
    flat."""
    narrow, wide = settings.channels
    coarse = _first_look("coarse_map", maps[0], settings.narrow)
    fine = _first_look("fine_map", maps[1], narrow)
    fine = _activated(layers.Conv2D(wide, 3, strides=2, padding="same", use_bias=False)(fine))
    # A residual block with a separable convolution (He et al., 2016; Chollet, 2017).
    change = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(fine)
    change = layers.Conv2D(wide, 1, use_bias=False)(layers.BatchNormalization()(change))
    fine = layers.ReLU()(layers.Add()([fine, layers.BatchNormalization()(change)]))
    return [layers.Flatten()(coarse), layers.Flatten()(fine)]


def _first_look(name: str, values: keras.KerasTensor, channels: int) -> keras.KerasTensor:
    """A map with fewer channels; ``_take_raw`` finds these layers by their names."""
    values = layers.Reshape(features.MAP_SHAPES[name])(values)
    values = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_convolution")(values)
    return layers.ReLU()(layers.BatchNormalization(name=f"{name}_normalization")(values))


def _activated(tensor: keras.KerasTensor) -> keras.KerasTensor:
    return layers.ReLU()(layers.BatchNormalization()(tensor))


def deployed(
    model: keras.Model, share: NDArray[np.float64], adjustment: float, standardize: Standardization
) -> keras.Model:
    """The part that goes on: standardized landmarks, feature maps as they are → logits of the classes.

    Rare classes get larger logits, as much as ``adjustment`` says: logit adjustment (Menon et al., 2021,
    arXiv:2007.07314). The mean over the classes is taken off: that moves no probability, and int8 has a
    smaller range to cover.

    Args:
        model: of ``build_model``.
        share: float64 (C,) > 0, of each class in the training rows.
        adjustment: 0: none; 1: as if all classes were equally frequent.
        standardize: of its inputs.
    """
    # Strict only about the statistics: a network without maps has none of theirs.
    for name, mean, std in zip(features.MAP_SHAPES, standardize.mean[1:], standardize.std[1:], strict=False):
        _take_raw(model, name, float(mean[0]), float(std[0]))
    kernel, bias = model.layers[-2].get_weights()  # (units, C), (C,)
    bias = bias - adjustment * np.log(share)
    model.layers[-2].set_weights([kernel - kernel.mean(axis=1, keepdims=True), bias - bias.mean()])
    return keras.Model(model.inputs, model.outputs[0])


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
