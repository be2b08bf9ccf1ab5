"""Made-up faces with known answers: whether a network still computes what it was converted to.

``convert`` writes the answers into ``model.json``, ``edge.bundles.self_test`` compares. The numbers come from no
person, and from SHAKE-256 (FIPS 202) in place of a random generator: its bytes are fixed by the standard,
for every platform, Python and NumPy. What follows are single float32 operations, which IEEE 754 fixes.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.types import Input, InputTensor

VECTORS = 16

TOLERANCE = 4
"""Codes, of which two classes are tens apart.

ai-edge-litert 2.3.0 and tflite-runtime 2.14.0, with XNNPACK, with ruy and with the reference kernels, on
x86-64 and arm64, differ by 1 in the shipped bundles: they round between layers in their own ways. A deeper
network may gather a little more. A network that is not computed as it should be is far off."""

_SEED = b"mien golden"

NOISE = (np.arange(256, dtype=np.float32) - np.float32(127.5)) / np.float32(64)
"""float32 (256,), −1.99…1.99: what the bytes stand for in an input that is standardized."""


def activations(peak: float) -> NDArray[np.float32]:
    """What the bytes stand for in a feature map: float32 (256,), −1.0…3.97 × ``peak``.

    Half of them are small and negative, and high values are rare, as after a PReLU.
    """
    return np.where(NOISE > 0, NOISE * NOISE * np.float32(peak), NOISE / np.float32(2))


def faces(inputs: Sequence[Input], tensors: Sequence[InputTensor]) -> Iterator[list[NDArray[Any]]]:
    """The inputs of ``VECTORS`` faces that are none, spread as those of faces are.

    What is standardized lies within two standard deviations of the mean.

    Args:
        inputs: what the network takes, in the order of the bundle, on which the numbers depend.
        tensors: where it takes them.

    Yields:
        An array for each input, of its shape and type.
    """
    lengths = [math.prod(each.shape) for each in inputs]
    stream = hashlib.shake_256(_SEED).digest(VECTORS * sum(lengths))
    for row in np.frombuffer(stream, np.uint8).reshape(VECTORS, -1):
        parts = np.split(row, np.cumsum(lengths)[:-1])
        yield [_spread(*each) for each in zip(inputs, tensors, parts, strict=True)]


def _spread(each: Input, tensor: InputTensor, values: NDArray[np.uint8]) -> NDArray[Any]:
    numbers: NDArray[Any] = each.made_up[values]
    if tensor.standardization is not None:
        mean, std = tensor.standardization
        numbers = mean.ravel() + std.ravel() * numbers
    numbers = numbers.reshape(each.shape)
    if (side := each.made_up_patch) > 1:
        numbers = numbers[::side, ::side].repeat(side, axis=0).repeat(side, axis=1)
    return numbers
