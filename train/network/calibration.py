"""Temperature and confidence threshold of a trained network, chosen on its validation rows."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.core.quantize import softmax
from evaluation.calibration import best_temperature, confidence_threshold


class Calibration(NamedTuple):
    """The temperature of the probabilities and the confidence threshold of the answers."""

    temperature: float
    """Divisor of the logits."""
    min_confidence: float
    """Confidence below which an answer is LOW_CONFIDENCE."""

    def probabilities(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits (N, C) → probabilities (N, C)."""
        return softmax(logits / np.float32(self.temperature))


def calibrate(
    logits: NDArray[np.float32],
    number: NDArray[np.integer[Any]],
    selective_accuracy: float,
    temperature: float = 0.0,
    min_confidence: float = 0.0,
) -> Calibration:
    """Choose the temperature and the confidence threshold.

    Args:
        logits: (V, C), of the validation faces.
        number: (V,), their classes.
        selective_accuracy: accuracy that the faces above the threshold must have.
        temperature: the temperature to use; 0: the best one for these faces.
        min_confidence: the threshold to use; 0: chosen by ``selective_accuracy``.
    """
    temperature = temperature or best_temperature(logits, number)
    confidence = softmax(logits / np.float32(temperature)).max(axis=1)
    correct = logits.argmax(axis=1) == number
    return Calibration(
        temperature, min_confidence or confidence_threshold(confidence, correct, selective_accuracy)
    )
