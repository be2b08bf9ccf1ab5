"""The network: a multilayer perceptron on aligned landmarks, and convolutions on feature maps and texture."""

from collections.abc import Mapping

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from edge.head.inputs import INPUTS, LANDMARKS
from evaluation.label_sets import EMOTIONS
from train.dataset.inputs import Standardization
from train.network.normalization import FusedBatchNormalization, with_keras_layers
from train.settings import TrainingSettings


def build_model(
    shapes: Mapping[str, tuple[int, ...]], classes: int, settings: TrainingSettings
) -> keras.Model:
    """Standardized inputs (N, …) → logits (N, C), and logits (N, 8) for the FER+ votes.

    Beside other inputs, the landmarks are first reduced to fewer numbers; feature maps and the texture go
    through small convolutions. Each part ends in a normalization, so that one int8 scale fits all of them.

    Args:
        shapes: shape of each input, by its name in ``edge.head.inputs``.
        classes: number of classes C.
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


def _landmarks(values: keras.KerasTensor, settings: TrainingSettings) -> keras.KerasTensor:
    return _activated(layers.Dense(settings.bottleneck, use_bias=False)(values))


def _coarse_map(values: keras.KerasTensor, settings: TrainingSettings) -> keras.KerasTensor:
    """The 3×3 map, reduced to fewer channels."""
    return layers.Flatten()(_reduced_map("coarse_map", values, settings.bottleneck))


def _fine_map(values: keras.KerasTensor, settings: TrainingSettings) -> keras.KerasTensor:
    """The 12×12 map, reduced to 6×6, and a residual block."""
    narrow, wide = settings.channels
    fine = _reduced_map("fine_map", values, narrow)
    fine = _activated(layers.Conv2D(wide, 3, strides=2, padding="same", use_bias=False)(fine))
    # A residual block with a separable convolution (He et al., 2016; Chollet, 2017).
    change = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(fine)
    change = layers.Conv2D(wide, 1, use_bias=False)(layers.BatchNormalization()(change))
    return layers.Flatten()(layers.ReLU()(layers.Add()([fine, layers.BatchNormalization()(change)])))


def _texture(values: keras.KerasTensor, settings: TrainingSettings) -> keras.KerasTensor:
    """A small residual network (He et al., 2016), and the mean over all positions."""
    first, second, *further = settings.texture_channels
    values = layers.ReLU()(_convolution(values, first, 5, strides=2))
    values = layers.ReLU()(_convolution(values, second, 3))
    for channels in further:
        change = layers.ReLU()(_convolution(values, channels, 3, strides=2))
        change = _convolution(change, channels, 3)
        values = layers.ReLU()(layers.Add()([change, _convolution(values, channels, 1, strides=2)]))
    return layers.Dropout(settings.dropout)(layers.GlobalAveragePooling2D()(values))


_PARTS = {"landmarks": _landmarks, "coarse_map": _coarse_map, "fine_map": _fine_map, "texture": _texture}
"""The part of the network that takes each input: (N, …) → (N, F)."""


def _convolution(values: keras.KerasTensor, channels: int, size: int, strides: int = 1) -> keras.KerasTensor:
    """A convolution and its normalization; initial weights of He et al., 2015, arXiv:1502.01852."""
    values = layers.Conv2D(
        channels, size, strides, padding="same", use_bias=False, kernel_initializer="he_normal"
    )(values)
    return FusedBatchNormalization(momentum=0.97)(values)


def _reduced_map(name: str, values: keras.KerasTensor, channels: int) -> keras.KerasTensor:
    """A feature map with fewer channels; ``_take_raw`` finds these layers by their names."""
    values = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_convolution")(values)
    return layers.ReLU()(layers.BatchNormalization(name=f"{name}_normalization")(values))


def _activated(tensor: keras.KerasTensor) -> keras.KerasTensor:
    return layers.ReLU()(layers.BatchNormalization()(tensor))


def deployed_model(
    model: keras.Model,
    share: NDArray[np.float64],
    settings: TrainingSettings,
    standardize: Standardization,
) -> keras.Model:
    """The network that is deployed: standardized landmarks and raw feature maps → logits of the classes.

    ``logit_adjustment`` raises the logits of rare classes (Menon et al., 2021, arXiv:2007.07314), and
    ``class_odds`` those of each class; ``set_centred`` then subtracts their mean.

    Args:
        model: network of ``build_model``; it is changed.
        share: float64 (C,) > 0, share of each class in the training rows.
        settings: ``logit_adjustment`` and ``class_odds``.
        standardize: standardization of the inputs.
    """
    for name, (mean, std) in standardize.by.items():
        if not (INPUTS[name].standardized or INPUTS[name].normalized):
            _take_raw(model, name, float(mean[0]), float(std[0]))
    kernel, bias = model.layers[-2].get_weights()  # (units, C), (C,)
    bias = bias - settings.logit_adjustment * np.log(share)
    if settings.class_odds:
        bias = bias + np.log(settings.class_odds)
    set_centred(model.layers[-2], kernel, bias)
    return with_keras_layers(keras.Model(model.inputs, model.outputs[0]))


def set_centred(layer: keras.Layer, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
    """Give the layer of the logits its weights, less their mean over the classes.

    That changes no probability, and int8 has a smaller range to cover.

    Args:
        layer: the last dense layer.
        kernel: (F, C)
        bias: (C,)
    """
    layer.set_weights([kernel - kernel.mean(axis=1, keepdims=True), bias - bias.mean()])


def _take_raw(model: keras.Model, name: str, mean: float, std: float) -> None:
    """Move the standardization of a feature map into its first convolution, whose kernel has one pixel, and
    into the mean of the normalization after it, so that the device need not standardize the map."""
    convolution = model.get_layer(f"{name}_convolution")
    normalization = model.get_layer(f"{name}_normalization")
    kernel = convolution.get_weights()[0] / std  # (1, 1, channels in, channels out)
    gamma, beta, moving_mean, moving_variance = normalization.get_weights()
    moving_mean = moving_mean + mean * kernel.sum(axis=(0, 1, 2))
    convolution.set_weights([kernel])
    normalization.set_weights([gamma, beta, moving_mean, moving_variance])
