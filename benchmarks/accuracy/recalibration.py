"""The temperature and the threshold that a bundle would have if these pictures had chosen them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.quantize import softmax
from evaluation.calibration import best_temperature, confidence_threshold, expected_calibration_error

TARGET = 0.8
"""Share of the labels that shall be right above the threshold, 0–1."""


def recalibrate(
    probabilities: Sequence[NDArray[np.floating[Any]]], true: Sequence[int]
) -> dict[str, Any] | None:
    """The factor by which the temperature would have to grow for the least cross-entropy (Guo et al., 2017,
    arXiv:1706.04599), and what follows.

    Args:
        probabilities: (C,), for each face that was found.
        true: the class of each of these faces.

    Returns:
        ``factor``; ``ece`` with this factor; ``min_confidence``, the threshold above which ``TARGET`` of the
        labels are right with it. None without faces.
    """
    if not len(true):
        return None
    correct_class = np.array(true)
    log = np.log(np.maximum(np.stack(probabilities).astype(np.float64), 1e-9))
    factor = best_temperature(log, correct_class)
    softened = softmax(log / factor)
    confidence, correct = softened.max(axis=1), softened.argmax(axis=1) == correct_class
    return {
        "factor": factor,
        "ece": expected_calibration_error(confidence, correct),
        "min_confidence": confidence_threshold(confidence, correct, TARGET),
    }
