"""The network: a multilayer perceptron on aligned landmarks, beside it the landmark network's own maps."""

import math
from collections.abc import Sequence

import keras
from keras import layers

from edge.core import features
from edge.core.labels import EMOTIONS
from train.settings import Settings


def build_model(lengths: Sequence[int], classes: int, settings: Settings) -> keras.Model:
    """Standardized inputs (N, F) → logits (N, C), and logits (N, 8) for the FER+ votes.

    Each input has its own first layer, and the first hidden layer is their sum: the same as one layer
    on all of them, but in int8 each keeps a scale of its own. The embedding's larger map goes through
    three small convolutions first.

    Args:
        lengths: F of each input: landmarks, and maybe the embedding.
        classes: C
        settings: sizes and dropout.
    """
    inputs = [layers.Input((length,)) for length in lengths]
    first, *more = settings.hidden
    parts = [layers.Dense(first, use_bias=False)(inputs[0])]
    for embedding in inputs[1:]:
        parts += [layers.Dense(first, use_bias=False)(part) for part in _maps(embedding, settings)]
    hidden = layers.Add()(parts) if len(parts) > 1 else parts[0]
    hidden = layers.Dropout(settings.dropout)(_activated(hidden))
    for units in more:
        hidden = layers.Dense(units, use_bias=False)(hidden)
        hidden = layers.Dropout(settings.dropout)(_activated(hidden))
    return keras.Model(inputs, [layers.Dense(classes)(hidden), layers.Dense(len(EMOTIONS))(hidden)])


def _maps(embedding: keras.KerasTensor, settings: Settings) -> list[keras.KerasTensor]:
    """The embedding's 3×3 map as it is, and its 12×12 map brought to 6×6, looked at once more and laid
    flat."""
    coarse_shape, fine_shape = features.EMBEDDING_SHAPES
    border = math.prod(coarse_shape)
    narrow, wide = settings.channels
    fine = layers.Reshape(fine_shape)(embedding[:, border:])
    fine = _activated(layers.Conv2D(narrow, 1, use_bias=False)(fine))
    fine = _activated(layers.Conv2D(wide, 3, strides=2, padding="same", use_bias=False)(fine))
    # A residual block with a separable convolution (He et al., 2016; Chollet, 2017).
    change = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(fine)
    change = layers.Conv2D(wide, 1, use_bias=False)(layers.BatchNormalization()(change))
    fine = layers.ReLU()(layers.Add()([fine, layers.BatchNormalization()(change)]))
    return [embedding[:, :border], layers.Flatten()(fine)]


def _activated(tensor: keras.KerasTensor) -> keras.KerasTensor:
    return layers.ReLU()(layers.BatchNormalization()(tensor))


def deployed(model: keras.Model) -> keras.Model:
    """The part that goes on: inputs → logits of the classes.

    Their mean over the classes is taken off: that moves no probability, and int8 has a smaller range
    to cover.
    """
    kernel, bias = model.layers[-2].get_weights()  # (units, C), (C,)
    model.layers[-2].set_weights([kernel - kernel.mean(axis=1, keepdims=True), bias - bias.mean()])
    return keras.Model(model.inputs, model.outputs[0])
