"""The network: a multilayer perceptron on aligned landmarks, beside it the landmark network's own maps."""

import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from edge.core import features
from edge.core.labels import EMOTIONS
from train.settings import Settings


def build_model(lengths: Sequence[int], classes: int, settings: Settings) -> keras.Model:
    """Standardized inputs (N, F) → logits (N, C), and logits (N, 8) for the FER+ votes.

    With an embedding, the landmarks are first brought to fewer numbers, and its maps go through small
    convolutions. Landmarks and each map have their own weights to the first hidden layer, which is their
    sum: the same as one layer on all of them, but in int8 each keeps a scale of its own.

    Args:
        lengths: F of each input: landmarks, and maybe the embedding.
        classes: C
        settings: sizes and dropout.
    """
    inputs = [layers.Input((length,)) for length in lengths]
    parts = inputs
    if len(inputs) > 1:
        landmarks, embedding = inputs
        squeezed = _activated(layers.Dense(settings.narrow, use_bias=False)(landmarks))
        parts = [squeezed, *_maps(embedding, settings)]
    first, *more = settings.hidden
    sums = [layers.Dense(first, use_bias=False)(part) for part in parts]
    hidden = layers.Add()(sums) if len(sums) > 1 else sums[0]
    hidden = layers.Dropout(settings.dropout)(_activated(hidden))
    for units in more:
        hidden = layers.Dense(units, use_bias=False)(hidden)
        hidden = layers.Dropout(settings.dropout)(_activated(hidden))
    return keras.Model(inputs, [layers.Dense(classes)(hidden), layers.Dense(len(EMOTIONS))(hidden)])


def _maps(embedding: keras.KerasTensor, settings: Settings) -> list[keras.KerasTensor]:
    """The 3×3 map with fewer channels, and the 12×12 map brought to 6×6, looked at once more; both laid
    flat."""
    coarse_shape, fine_shape = features.EMBEDDING_SHAPES
    border = math.prod(coarse_shape)
    narrow, wide = settings.channels
    coarse = layers.Reshape(coarse_shape)(embedding[:, :border])
    coarse = _activated(layers.Conv2D(settings.narrow, 1, use_bias=False)(coarse))
    fine = layers.Reshape(fine_shape)(embedding[:, border:])
    fine = _activated(layers.Conv2D(narrow, 1, use_bias=False)(fine))
    fine = _activated(layers.Conv2D(wide, 3, strides=2, padding="same", use_bias=False)(fine))
    # A residual block with a separable convolution (He et al., 2016; Chollet, 2017).
    change = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(fine)
    change = layers.Conv2D(wide, 1, use_bias=False)(layers.BatchNormalization()(change))
    fine = layers.ReLU()(layers.Add()([fine, layers.BatchNormalization()(change)]))
    return [layers.Flatten()(coarse), layers.Flatten()(fine)]


def _activated(tensor: keras.KerasTensor) -> keras.KerasTensor:
    return layers.ReLU()(layers.BatchNormalization()(tensor))


def deployed(model: keras.Model, share: NDArray[np.float64], adjustment: float) -> keras.Model:
    """The part that goes on: inputs → logits of the classes.

    Rare classes get larger logits, as much as ``adjustment`` says: logit adjustment (Menon et al., 2021,
    arXiv:2007.07314). The mean over the classes is taken off: that moves no probability, and int8 has a
    smaller range to cover.

    Args:
        model: of ``build_model``.
        share: float64 (C,) > 0, of each class in the training rows.
        adjustment: 0: none; 1: as if all classes were equally frequent.
    """
    kernel, bias = model.layers[-2].get_weights()  # (units, C), (C,)
    bias = bias - adjustment * np.log(share)
    model.layers[-2].set_weights([kernel - kernel.mean(axis=1, keepdims=True), bias - bias.mean()])
    return keras.Model(model.inputs, model.outputs[0])
