"""Outputs of a Keras network over many faces."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

_CHUNK = 100
"""Number of faces that go through a network at a time."""


def outputs_in_chunks(model: keras.Model, rows: Sequence[NDArray[np.float32]]) -> Iterator[Any]:
    """What ``model`` gives for each chunk of the faces, in their order.

    The network is called, not ``predict``: that would compile it for a single use.

    Args:
        model: one or more inputs → one or more outputs.
        rows: (K, …) for each input.
    """
    for start in range(0, len(rows[0]), _CHUNK):
        yield model([each[start : start + _CHUNK] for each in rows])
