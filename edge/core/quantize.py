"""float ↔ int8, affine per tensor: ``real = scale * (code - zero_point)``."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class MeanStd(NamedTuple):
    """Mean and standard deviation for standardizing numbers: (number − mean) / std."""

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    """Standard deviation, > 0, of the mean's shape."""


@dataclass(frozen=True, slots=True)
class Quantization:
    """The affine map of one int8 tensor (TensorFlow Lite's 8-bit quantization specification)."""

    scale: float
    """Real value of one step, > 0."""
    zero_point: int
    """The code that stands for 0.0, −128…127."""


class CodeSoftmax:
    """The softmax of int8 logits, through a table of the 256 values that ``exp(-difference)`` can take."""

    def __init__(self, logits: Quantization, temperature: float = 1.0) -> None:
        """Compute the table.

        Args:
            logits: the model's output tensor; its zero point does not matter to a softmax.
            temperature: divisor of the logits, > 0 (Guo et al., 2017, arXiv:1706.04599).
        """
        step = logits.scale / temperature
        self._exp = [math.exp(-step * difference) for difference in range(256)]

    def probabilities(self, codes: NDArray[np.int8]) -> NDArray[np.float32]:
        """The probabilities, float32 (C,), which sum to 1, of logits int8 (C,)."""
        values = codes.tolist()  # a handful: Python is faster than NumPy
        top = max(values)
        weights = [self._exp[top - value] for value in values]
        total = sum(weights)
        return np.array([weight / total for weight in weights], np.float32)


def softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Probabilities along the last axis: float32, same shape. The greatest logit is subtracted first."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: NDArray[np.float32] = (shifted / shifted.sum(axis=-1, keepdims=True)).astype(np.float32)
    return result


def standardize(values: NDArray[Any], by: MeanStd, clip: float) -> NDArray[np.float32]:
    """Standardize the numbers that a network is trained on: (values − mean) / std, clipped at ± ``clip``.

    Args:
        values: (N, …).
        by: float32 (…) or (1,).
        clip: in standard deviations.

    Returns:
        float32, the same shape.
    """
    result: NDArray[np.float32] = (values.astype(np.float32) - by.mean) / by.std
    return np.clip(result, -clip, clip, out=result)


def clip_outliers(values: NDArray[Any], by: MeanStd, clip: float) -> NDArray[Any]:
    """Clip numbers that are not standardized, at ± ``clip`` standard deviations from the mean.

    On the device the ranges of the int8 codes have this effect: they end where the calibration rows end.

    Args:
        values: (N, …); integers are not clipped.
        by: float32 (1,).
        clip: in standard deviations.

    Returns:
        float32 or integers, the same shape.
    """
    if values.dtype.kind != "f":
        return values
    copy = values.astype(np.float32)
    return np.clip(copy, by.mean - clip * by.std, by.mean + clip * by.std, out=copy)
