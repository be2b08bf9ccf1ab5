"""Temperature and threshold that labelled pictures would have chosen."""

import numpy as np
import pytest

from benchmarks.accuracy.recalibration import recalibrate
from edge.core.quantize import softmax


def answers(count, temperature, seed=0):
    """Probabilities that are right as often as they say, but for their temperature; and the classes."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (count, 4)).astype(np.float32)
    honest = softmax(logits)
    true = [int(rng.choice(4, p=row / row.sum())) for row in honest.astype(np.float64)]
    return list(softmax(logits / np.float32(temperature))), true


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_factor_takes_a_wrong_temperature_back(temperature):
    chosen = recalibrate(*answers(4000, temperature))
    assert chosen["factor"] == pytest.approx(1 / temperature, rel=0.08)
    assert chosen["ece"] < 0.03


def test_the_threshold_keeps_what_is_right_often_enough():
    probabilities, true = answers(4000, 1.0)
    chosen = recalibrate(probabilities, true)
    matrix = softmax(np.log(np.stack(probabilities)) / np.float32(chosen["factor"]))
    sure = matrix.max(axis=1) >= chosen["min_confidence"] - 1e-6
    right = matrix.argmax(axis=1) == np.array(true)
    assert right[sure].mean() == pytest.approx(0.8, abs=0.01)
    assert right.mean() < 0.75


def test_without_faces_there_is_nothing_to_say():
    assert recalibrate([], []) is None


def test_a_probability_of_zero_for_the_truth():
    chosen = recalibrate([np.array([1.0, 0.0]), np.array([0.0, 1.0])] * 2, [0, 1, 0, 0])
    assert np.isfinite(list(chosen.values())).all()
