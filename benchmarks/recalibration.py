"""What a bundle's temperature and threshold would be if these pictures had chosen them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.data.calibration import confidence_threshold, expected_calibration_error

FACTORS = np.geomspace(0.25, 4, 161).tolist()
"""That are tried; steps of 1.7 %."""
TARGET = 0.8
"""Part of the labels that are to be right above the threshold."""


def recalibrate(
    probabilities: Sequence[NDArray[np.floating[Any]]], true: Sequence[int]
) -> dict[str, Any] | None:
    """The factor by which the temperature would have to grow for the least cross-entropy (Guo et al., 2017,
    arXiv:1706.04599), and what follows.

    Args:
        probabilities: (C,) of each face that was found.
        true: its class.

    Returns:
        ``factor``; ``ece`` with it; ``min_confidence``, above which ``TARGET`` of the labels are right then.
        None without faces.
    """
    if not len(true):
        return None
    log = np.log(np.maximum(np.stack(probabilities).astype(np.float64), 1e-9))
    rows, number = np.arange(len(true)), np.array(true)
    factor = min(FACTORS, key=lambda factor: -np.log(_softened(log, factor)[rows, number]).mean())
    softened = _softened(log, factor)
    confidence, correct = softened.max(axis=1), softened.argmax(axis=1) == number
    return {
        "factor": factor,
        "ece": expected_calibration_error(confidence, correct),
        "min_confidence": confidence_threshold(confidence, correct, TARGET),
    }


def _softened(log: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    powers = np.exp(log / factor)
    result: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return result
