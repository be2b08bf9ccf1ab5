"""float ↔ int8, affine per tensor: ``real = scale * (code - zero_point)``."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class MeanStd(NamedTuple):
    """What standardizes numbers: the mean is taken off, then they are divided by the standard deviation."""

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    """> 0, of the mean's shape."""


@dataclass(frozen=True, slots=True)
class Quantization:
    """The affine map of one int8 tensor (TensorFlow Lite's 8-bit quantization specification)."""

    scale: float
    """Real value of one step, > 0."""
    zero_point: int
    """The code that stands for 0.0, −128…127."""


class CodeSoftmax:
    """int8 logits → probabilities, through the 256 values that ``exp(-difference)`` can take."""

    def __init__(self, logits: Quantization, temperature: float = 1.0) -> None:
        """Precompute.

        Args:
            logits: the model's output tensor; its zero point does not matter to a softmax.
            temperature: > 0, the logits are divided by it (Guo et al., 2017, arXiv:1706.04599).
        """
        step = logits.scale / temperature
        self._exp = [math.exp(-step * difference) for difference in range(256)]

    def probabilities(self, codes: NDArray[np.int8]) -> NDArray[np.float32]:
        """int8 (C,) → float32 (C,), sums to 1."""
        values = codes.tolist()  # a handful: Python is faster than NumPy
        top = max(values)
        weights = [self._exp[top - value] for value in values]
        total = sum(weights)
        return np.array([weight / total for weight in weights], np.float32)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities along the last axis: float32, same shape. The greatest logit is taken off first."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: NDArray[np.float32] = (shifted / shifted.sum(axis=-1, keepdims=True)).astype(np.float32)
    return result


def standardize(values: NDArray[Any], by: MeanStd, clip: float) -> NDArray[np.float32]:
    """What the network is trained on: (values − mean) / std, cut off at ± ``clip``.

    Args:
        values: (N, …)
        by: float32 (…) or (1,).

    Returns:
        float32, the same shape.
    """
    result: NDArray[np.float32] = (values.astype(np.float32) - by.mean) / by.std
    return np.clip(result, -clip, clip, out=result)


def cut_off(values: NDArray[Any], by: MeanStd, clip: float) -> NDArray[Any]:
    """What the network that leaves the training takes of an input that is not standardized before it: the
    values as they are, floats cut off at ± ``clip`` standard deviations from the mean.

    On the device the ranges of the int8 codes do that, which end where the calibration rows end.

    Args:
        values: (N, …)
        by: float32 (1,).

    Returns:
        float32 or integers, the same shape.
    """
    if values.dtype.kind != "f":
        return values
    copy = values.astype(np.float32)
    return np.clip(copy, by.mean - clip * by.std, by.mean + clip * by.std, out=copy)
