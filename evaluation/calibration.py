"""How reliable the probabilities of answers are, and what is gained by not answering when they are low.

Pure functions of NumPy arrays. ``confidence`` is the probability of the top label, 0–1;
``correct`` says whether that label was right. Where all pictures are meant, one without a face has
confidence 0 and is not correct.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.quantize import softmax

ECE_BINS = 15
"""Number of bins of the expected calibration error."""

SHARES = (0.8, 0.6, 0.4, 0.2)
"""Shares of all pictures for which the reports state the selective accuracy."""

MIN_KEPT = 0.01
"""Smallest share of the rows that a threshold may keep: fewer say nothing about an accuracy."""

TEMPERATURES = np.geomspace(0.25, 4, 161).tolist()
"""Temperatures that are tried for the calibration, in steps of 1.7 %."""

Confidence = NDArray[np.floating[Any]]


def best_temperature(logits: NDArray[np.floating[Any]], number: NDArray[np.integer[Any]]) -> float:
    """The temperature that gives the least cross-entropy: Guo et al., 2017, arXiv:1706.04599.

    The logits are divided by it; then the probabilities are as sure as they are right.

    Args:
        logits: (N, C), of rows that were not trained on; logarithms of probabilities serve as well.
        number: (N,), the classes of the rows.
    """
    rows, least = np.arange(len(number)), np.finfo(np.float32).eps

    def cross_entropy(temperature: float) -> float:
        of_truth = softmax(logits / np.float32(temperature))[rows, number]
        return -float(np.log(np.maximum(of_truth, least), dtype=np.float64).mean())

    return float(min(TEMPERATURES, key=cross_entropy))


def reliability(confidence: Confidence, correct: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """The reliability diagram: mean confidence and accuracy in ``ECE_BINS`` bins of equal width.

    A bin is open below and closed above.

    Args:
        confidence: (N,)
        correct: bool (N,)

    Returns:
        For each bin ``low``, ``high``, ``n`` (answers in it), ``confidence`` and ``accuracy`` (means,
        None in an empty bin).
    """
    values = confidence.astype(np.float64)
    index = np.clip(np.ceil(values * ECE_BINS).astype(np.int64) - 1, 0, ECE_BINS - 1)
    counts, sums, hits = (np.bincount(index, each, ECE_BINS) for each in (None, values, correct))
    return [
        {
            "low": number / ECE_BINS,
            "high": (number + 1) / ECE_BINS,
            "n": int(n),
            "confidence": float(sums[number] / n) if n else None,
            "accuracy": float(hits[number] / n) if n else None,
        }
        for number, n in enumerate(counts)
    ]


def expected_calibration_error(confidence: Confidence, correct: NDArray[np.bool_]) -> float | None:
    """Mean distance of accuracy and confidence over the bins of ``reliability``, weighted by their answers.

    Guo et al., 2017, arXiv:1706.04599.

    Returns:
        0–1; None without answers.
    """
    if not len(confidence):
        return None
    filled = [row for row in reliability(confidence, correct) if row["n"]]
    return float(sum(row["n"] * abs(row["accuracy"] - row["confidence"]) for row in filled) / len(confidence))


def risk_coverage(
    confidence: Confidence, correct: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The risk–coverage curve of all pictures: the error rate of the k most confident answers, for every k.

    El-Yaniv & Wiener, 2010, JMLR 11; Geifman & El-Yaniv, 2017, arXiv:1705.08500. Answers of equal
    confidence are interchangeable: each counts with their mean, so that the order of the rows does not
    matter. Pictures without a face come last, as wrong answers.

    Args:
        confidence: (N,), all pictures, N ≥ 1.
        correct: bool (N,).

    Returns:
        Share of all pictures, 1/N…1, and risk (error rate) among them, both float64 (N,).
    """
    _, group = np.unique(-confidence, return_inverse=True)
    mean = np.bincount(group, weights=correct) / np.bincount(group)
    number = np.arange(1, len(confidence) + 1)
    return number / len(confidence), 1 - np.cumsum(mean[np.sort(group)]) / number


def area_under_risk_coverage(confidence: Confidence, correct: NDArray[np.bool_]) -> float:
    """Area under the risk–coverage curve (AURC): mean risk over all shares, 0–1, less is better.

    Geifman et al., 2019, arXiv:1805.08206.
    """
    return float(risk_coverage(confidence, correct)[1].mean())


def selective_accuracy(confidence: Confidence, correct: NDArray[np.bool_], share: float) -> float:
    """Accuracy on the most confident ``share`` (0–1, at least one picture) of all pictures."""
    _, risk = risk_coverage(confidence, correct)
    return float(1 - risk[max(1, round(share * len(risk))) - 1])


def confidence_threshold(confidence: Confidence, correct: NDArray[np.bool_], target: float) -> float:
    """The smallest threshold above which answers are right often enough.

    Args:
        confidence: (N,), validation rows with a face, N ≥ 1.
        correct: bool (N,).
        target: wanted accuracy, 0–1.

    Returns:
        The smallest t such that the accuracy among the rows with confidence ≥ t is at least
        ``target``: 0 where that holds for all rows, else one of the confidences. Only thresholds that
        keep ``MIN_KEPT`` of the rows are considered; where none of them reaches the target, it is the
        one with the highest accuracy.
    """
    values, group = np.unique(confidence, return_inverse=True)  # ascending
    kept = np.bincount(group)[::-1].cumsum()[::-1]
    accuracy = np.bincount(group, weights=correct)[::-1].cumsum()[::-1] / kept
    accuracy[kept < MIN_KEPT * len(confidence)] = -1
    reached = np.flatnonzero(accuracy >= target)
    best = int(reached[0]) if len(reached) else int(accuracy.argmax())
    return 0.0 if best == 0 else float(values[best])
