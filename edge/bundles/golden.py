"""Synthetic faces with known answers, which show whether a network still computes what it was converted to.

``convert`` writes the answers into ``model.json``, ``edge.bundles.self_test`` compares. The numbers are of no
person: they come from SHAKE-256 (FIPS 202) in place of a random generator, whose bytes the standard fixes for
every platform, Python and NumPy. The operations on them are single float32 ones, which IEEE 754 fixes.
"""

import hashlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.types import Input, InputTensor

VECTORS = 16
"""Number of synthetic faces."""

TOLERANCE = 4
"""Largest difference of an answer, in int8 codes; two classes are tens of codes apart.

ai-edge-litert 2.3.0 and tflite-runtime 2.14.0, with XNNPACK, with ruy and with the reference kernels, on
x86-64 and arm64, differ by 1 in the shipped bundles, since each rounds differently between layers. A deeper
network may accumulate a little more. A network that is computed wrongly is far off."""

_SEED = b"mien golden"

NOISE = (np.arange(256, dtype=np.float32) - np.float32(127.5)) / np.float32(64)
"""Value of each byte in an input that is standardized: float32 (256,), −1.99…1.99."""


def activations(peak: float) -> NDArray[np.float32]:
    """Value of each byte in a feature map: float32 (256,), −1.0…3.97 × ``peak``.

    Half of the values are small and negative, and high values are rare, as after a PReLU.
    """
    return np.where(NOISE > 0, NOISE * NOISE * np.float32(peak), NOISE / np.float32(2))


def faces(inputs: Sequence[Input], tensors: Sequence[InputTensor]) -> Iterator[list[NDArray[Any]]]:
    """The inputs of ``VECTORS`` synthetic faces, distributed as those of real faces are.

    Numbers that are standardized lie within two standard deviations of the mean.

    Args:
        inputs: the inputs of the network, in the order of the bundle, on which the numbers depend.
        tensors: the tensor of each input.

    Yields:
        An array for each input, of its shape and type.
    """
    lengths = [math.prod(each.shape) for each in inputs]
    stream = hashlib.shake_256(_SEED).digest(VECTORS * sum(lengths))
    for row in np.frombuffer(stream, np.uint8).reshape(VECTORS, -1):
        parts = np.split(row, np.cumsum(lengths)[:-1])
        yield [_distribute(*each) for each in zip(inputs, tensors, parts, strict=True)]


def _distribute(each: Input, tensor: InputTensor, values: NDArray[np.uint8]) -> NDArray[Any]:
    """Random bytes → the numbers of an input, distributed as its own are."""
    numbers: NDArray[Any] = each.synthetic_values[values]
    if tensor.standardization is not None:
        mean, std = tensor.standardization
        numbers = mean.ravel() + std.ravel() * numbers
    numbers = numbers.reshape(each.shape)
    if (side := each.synthetic_patch) > 1:
        numbers = numbers[::side, ::side].repeat(side, axis=0).repeat(side, axis=1)
    return numbers
