"""float ↔ int8, affine per tensor: ``real = scale * (code - zero_point)``."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Quantization:
    """The affine map of one int8 tensor (TensorFlow Lite's 8-bit quantization specification)."""

    scale: float
    """Real value of one step, > 0."""
    zero_point: int
    """The code that stands for 0.0, −128…127."""


def quantize(values: NDArray[np.float32], to: Quantization) -> NDArray[np.int8]:
    """Nearest codes, clipped to −128…127 before the cast (a bare cast would wrap around).

    Args:
        values: float32, any shape.

    Returns:
        int8, same shape.
    """
    codes = np.rint(values / np.float32(to.scale)) + np.float32(to.zero_point)
    result: NDArray[np.int8] = np.clip(codes, -128, 127).astype(np.int8)
    return result


def dequantize(codes: NDArray[np.int8], by: Quantization) -> NDArray[np.float32]:
    """Real values of int8 codes: float32, same shape."""
    return (codes.astype(np.float32) - np.float32(by.zero_point)) * np.float32(by.scale)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities along the last axis: float32, same shape. The greatest logit is taken off first."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: NDArray[np.float32] = shifted / shifted.sum(axis=-1, keepdims=True)
    return result
