"""Choice of the calibration faces that determine the ranges of int8 tensors.

TensorFlow Lite takes the whole range that it sees, so one face with an extreme value makes the steps of a
tensor coarse for all of them. Such faces are excluded; on the device, their values saturate at the end of the
range.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from convert.outputs import outputs_in_chunks

EXTREME = 0.2
"""Share of the faces that is excluded for each layer: those with the largest values in it."""
LEAST = 300
"""Smallest number of faces that are kept: the least extreme ones."""


def typical_faces(model: keras.Model, rows: Sequence[NDArray[np.float32]]) -> NDArray[np.int64]:
    """Indices of the faces without an extreme value in any layer.

    Args:
        model: one or more inputs → float32 (K, C).
        rows: (K, …) for each input.
    """
    kinds = (layers.ReLU, layers.Add, layers.BatchNormalization)
    outputs = [layer.output for layer in model.layers if isinstance(layer, kinds)]
    count = len(rows[0])
    if not outputs or count <= LEAST:
        return np.arange(count)
    watched = keras.Model(model.inputs, outputs)
    largest = np.concatenate([_largest(values) for values in outputs_in_chunks(watched, rows)])  # (K, L)
    # Equal values have one rank, so that a layer which gives the same for all of them chooses none.
    ranks = [np.searchsorted(np.sort(values), values) for values in largest.T]
    rank = np.max(ranks, axis=0) / count  # of the face's most extreme layer
    return np.flatnonzero(rank <= max(1 - EXTREME, np.sort(rank)[LEAST - 1]))


def _largest(values: Any) -> NDArray[np.float32]:
    """Largest magnitude of each output for each row of a chunk: (rows, outputs)."""
    parts = values if isinstance(values, list) else [values]
    return np.stack([np.abs(each).reshape(len(each), -1).max(axis=1) for each in parts], axis=1)
