"""The temperature of a network's answers."""

import numpy as np

from train import report

TEMPERATURES = np.geomspace(0.25, 4, 161).tolist()
"""That are tried to calibrate the probabilities; steps of 1.7 %."""


def best_temperature(logits: np.ndarray, number: np.ndarray) -> float:
    """What to divide the logits by so that the probabilities are as sure as they are right.

    The temperature with the least cross-entropy: Guo et al., 2017, arXiv:1706.04599.

    Args:
        logits: float32 (V, C), of rows that were not trained on.
        number: int64 (V,), their classes.
    """
    return min(TEMPERATURES, key=lambda t: report.cross_entropy(logits / np.float32(t), number))
