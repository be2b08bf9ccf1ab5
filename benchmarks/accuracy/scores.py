"""From the answers to labelled pictures to figures, for all benchmarks that score pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.accuracy.classes import Classes
from benchmarks.systems.system import Answer
from edge.core.text import escaped
from evaluation import metrics


def summarize(
    emotions: Sequence[str], answers: Sequence[Answer | None], classes: Classes
) -> tuple[dict[str, Any], list[str]]:
    """Metrics over the classes and those that only the data has; and warnings.

    Each picture has a true emotion and an answer; None: a miss.
    """
    names = [classes.true(emotion) for emotion in emotions]
    unknown = sorted(set(names) - set(classes.names))
    every = [*classes.names, *unknown]
    true = np.array([every.index(name) for name in names], np.int64)
    given = [answer and classes.probabilities(answer.probabilities) for answer in answers]
    predicted = np.array([metrics.MISSED if p is None else p.argmax() for p in given], np.int64)
    confidence = np.array([0.0 if p is None else p.max() for p in given])
    found = np.array([answer is not None and answer.found for answer in answers])
    scores = metrics.report(every, true, predicted, confidence, found)
    warnings = [
        f"the bundle does not know {name}: {scores['per_class'][name]['n']} pictures of it count as wrong"
        for name in unknown
    ]
    return scores, warnings


def data_name(result: dict[str, Any]) -> str:
    """File and split of the data of a result."""
    return escaped(" ".join(filter(None, (result["data"]["file"], result["split"]))))
