"""Classification metrics with misses: pure functions of NumPy arrays.

A picture in which no face is found is a miss. It is a wrong answer to its own class (a false
negative) and counts against no other class (no false positive): accuracy and recall fall, precision does not.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation import calibration

MISSED = -1
"""The predicted class of a miss."""


def confusion(true: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """The confusion matrix, int64 (C, C + 1): rows are true classes, columns predicted classes and misses.

    Args:
        true: int64 (N,), 0…C−1.
        predicted: int64 (N,), 0…C−1 or ``MISSED``.
        classes: C
    """
    columns = np.where(predicted == MISSED, classes, predicted)
    counts = np.zeros((classes, classes + 1), np.int64)
    np.add.at(counts, (true, columns), 1)
    return counts


def precision_recall_f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Precision, recall and F1 of each class, float64 (C, 3); NaN where a figure is 0/0.

    F1 = 2 TP / (2 TP + FP + FN). For a class without pictures, recall and F1 are NaN.
    """
    hits = np.diagonal(counts).astype(np.float64)
    pictures = counts.sum(axis=1)
    answers = counts[:, : len(counts)].sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall = hits / answers, hits / pictures
        f1 = np.where(pictures > 0, 2 * hits / (answers + pictures), np.nan)
    return np.stack([precision, recall, f1], axis=1)


def report(
    classes: Sequence[str],
    true: NDArray[np.int64],
    predicted: NDArray[np.int64],
    confidence: NDArray[np.floating[Any]],
    found: NDArray[np.bool_],
) -> dict[str, Any]:
    """All metrics of a run, as the JSON result has them; None where a figure is undefined (0/0).

    Args:
        classes: names of the C classes.
        true: int64 (N,), N ≥ 1, 0…C−1.
        predicted: int64 (N,), 0…C−1 or ``MISSED``.
        confidence: (N,), probability of the predicted class; ignored for misses.
        found: bool (N,), where detection found the face. A face that was only assumed has a
            prediction without being found.
    """
    counts = confusion(true, predicted, len(classes))
    table = precision_recall_f1(counts)
    correct = true == predicted
    recall, f1 = table[:, 1], table[:, 2]
    ranked = np.where(predicted == MISSED, 0.0, confidence), correct
    return {
        "n": len(true),
        "coverage": float(found.mean()),
        "n_assumed": int((~found & (predicted != MISSED)).sum()),
        "accuracy": float(correct.mean()),
        "accuracy_found": float(correct[found].mean()) if found.any() else None,
        "macro_f1": float(f1[~np.isnan(f1)].mean()),
        "macro_recall": float(recall[~np.isnan(recall)].mean()),
        "ece": calibration.expected_calibration_error(confidence[found], correct[found]),
        "aurc": calibration.area_under_risk_coverage(*ranked),
        "selective": {
            str(share): calibration.selective_accuracy(*ranked, share) for share in calibration.SHARES
        },
        "per_class": {
            name: {
                "precision": _number(table[index, 0]),
                "recall": _number(table[index, 1]),
                "f1": _number(table[index, 2]),
                "n": int(counts[index].sum()),
                "coverage": float(found[true == index].mean()) if counts[index].any() else None,
            }
            for index, name in enumerate(classes)
        },
        "confusion": {
            "rows": list(classes),
            "columns": [*classes, "missed"],
            "counts": counts.tolist(),
        },
        "reliability": calibration.reliability(confidence[found], correct[found]),
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
