"""Made-up faces with known answers: whether a network still computes what it was converted to.

``convert`` writes the answers into ``model.json``, ``edge.self_test`` compares. The numbers come from no
person, and from SHAKE-256 (FIPS 202) in place of a random generator: its bytes are fixed by the standard,
for every platform, Python and NumPy. What follows are single float32 operations, which IEEE 754 fixes.
"""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from edge.core import features

VECTORS = 16

TOLERANCE = 4
"""Codes, of which two classes are tens apart.

ai-edge-litert 2.3.0 and tflite-runtime 2.14.0, with XNNPACK, with ruy and with the reference kernels, on
x86-64 and arm64, differ by 1 in the shipped bundles: they round between layers in their own ways. A deeper
network may gather a little more. A network that is not computed as it should be is far off."""

_SEED = b"mien golden"
_NOISE = (np.arange(256, dtype=np.float32) - np.float32(127.5)) / np.float32(64)
"""Of each byte: −1.99…1.99."""
_MAPS = {
    name: np.where(_NOISE > 0, _NOISE * _NOISE * np.float32(peak), _NOISE / np.float32(2))
    for name, peak in (("coarse_map", 4), ("fine_map", 1))
}
"""Of each byte: −1.0…15.9 and −1.0…4.0. Those of faces are −1.3…17.7 and −1.9…4.9."""


def faces(
    names: Sequence[str], mean: NDArray[np.float32], std: NDArray[np.float32]
) -> Iterator[list[NDArray[np.float32]]]:
    """The inputs of ``VECTORS`` faces that are none, spread as those of faces are.

    Landmarks lie within two standard deviations of the mean. Half of a feature map is small and
    negative, and high values are rare, as after a PReLU.

    Args:
        names: the network's inputs, see ``edge.core.features``; landmarks first.
        mean: float32 (1404,), of the landmarks.
        std: likewise.

    Yields:
        float32 (F,) for each name.
    """
    lengths = [features.LENGTHS[name] for name in names]
    stream = hashlib.shake_256(_SEED).digest(VECTORS * sum(lengths))
    for row in np.frombuffer(stream, np.uint8).reshape(VECTORS, -1):
        landmarks, *maps = np.split(row, np.cumsum(lengths)[:-1])
        tables = [_MAPS[name] for name in names[1:]]
        yield [
            mean + std * _NOISE[landmarks],
            *(table[values] for table, values in zip(tables, maps, strict=True)),
        ]
