"""float ↔ int8, affine per tensor: ``real = scale * (code - zero_point)``."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LOW, _HIGH = np.float32(-128), np.float32(127)


@dataclass(frozen=True, slots=True)
class Quantization:
    """The affine map of one int8 tensor (TensorFlow Lite's 8-bit quantization specification)."""

    scale: float
    """Real value of one step, > 0."""
    zero_point: int
    """The code that stands for 0.0, −128…127."""


class Quantizer:
    """Features → int8 codes: standardize, scale, round, clip, then cast (a bare cast would wrap around).

    The division by the standard deviation and by the scale are one multiplication, and all work is
    done in one buffer: this runs for each face of each frame.
    """

    def __init__(self, mean: NDArray[np.float32], std: NDArray[np.float32], to: Quantization) -> None:
        """Precompute.

        Args:
            mean: float32 (F,)
            std: float32 (F,), > 0.
        """
        self._mean = mean
        self._gain = (1.0 / (std.astype(np.float64) * to.scale)).astype(np.float32)
        self._zero_point = np.float32(to.zero_point)
        self._buffer = np.empty_like(mean)

    def quantize(self, features: NDArray[np.float32], codes: NDArray[np.int8]) -> None:
        """Write the nearest codes, clipped to −128…127, into ``codes``.

        Args:
            features: float32 (F,).
            codes: int8 (F,), overwritten.
        """
        values = self._buffer
        np.subtract(features, self._mean, out=values)
        np.multiply(values, self._gain, out=values)
        np.rint(values, out=values)
        np.add(values, self._zero_point, out=values)
        np.maximum(values, _LOW, out=values)
        np.minimum(values, _HIGH, out=values)
        codes[:] = values


def dequantize(codes: NDArray[np.int8], by: Quantization) -> NDArray[np.float32]:
    """Real values of int8 codes: float32, same shape."""
    return (codes.astype(np.float32) - np.float32(by.zero_point)) * np.float32(by.scale)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities along the last axis: float32, same shape. The greatest logit is taken off first."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: NDArray[np.float32] = shifted / shifted.sum(axis=-1, keepdims=True)
    return result
