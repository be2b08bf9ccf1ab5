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
    on all of them, but in int8 each keeps a scale of its own. The 6×6 map goes through a 1×1
    convolution first, which makes it small.

    Args:
        lengths: F of each input: landmarks, and maybe the embedding.
        classes: C
        settings: sizes and dropout.
    """
    inputs = [layers.Input((length,)) for length in lengths]
    first, *more = settings.hidden
    parts = [layers.Dense(first, use_bias=False)(inputs[0])]
    for embedding in inputs[1:]:
        parts += [layers.Dense(first, use_bias=False)(part) for part in _maps(embedding, settings.channels)]
    hidden = layers.Add()(parts) if len(parts) > 1 else parts[0]
    hidden = layers.Dropout(settings.dropout)(_activated(hidden))
    for units in more:
        hidden = layers.Dense(units, use_bias=False)(hidden)
        hidden = layers.Dropout(settings.dropout)(_activated(hidden))
    return keras.Model(inputs, [layers.Dense(classes)(hidden), layers.Dense(len(EMOTIONS))(hidden)])


def _maps(embedding: keras.KerasTensor, channels: int) -> list[keras.KerasTensor]:
    """The embedding's maps, each brought to few numbers and laid flat."""
    flat = []
    start = 0
    for shape in features.EMBEDDING_SHAPES:
        stop = start + math.prod(shape)
        values = embedding[:, start:stop]
        if shape[0] > 3:
            values = layers.Reshape(shape)(values)
            values = _activated(layers.Conv2D(channels, 1, use_bias=False)(values))
        if shape[0] > 6:
            values = layers.Conv2D(channels, 3, strides=2, padding="same", use_bias=False)(values)
            values = _activated(values)
        flat.append(layers.Flatten()(values))
        start = stop
    return flat


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
