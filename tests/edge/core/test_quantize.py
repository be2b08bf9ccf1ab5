import numpy as np
import pytest

from edge.core.quantize import Quantization, dequantize, quantize, softmax

HALF_STEPS = Quantization(scale=0.5, zero_point=3)


def test_codes_are_the_nearest_and_are_clipped_not_wrapped():
    values = np.array([0.0, 0.3, 0.5, -1.0, 1e6, -1e6], np.float32)
    codes = quantize(values, HALF_STEPS)
    assert codes.dtype == np.int8
    assert codes.tolist() == [3, 4, 4, 1, 127, -128]


def test_round_trip_is_within_half_a_step():
    values = np.random.default_rng(0).uniform(-60, 60, 1000).astype(np.float32)
    back = dequantize(quantize(values, HALF_STEPS), HALF_STEPS)
    assert back.dtype == np.float32
    assert np.abs(back - values).max() <= HALF_STEPS.scale / 2 + 1e-6


def test_softmax_sums_to_one_and_survives_large_logits():
    probabilities = softmax(np.array([[1000.0, 1000.0, 0.0], [-5.0, 0.0, 5.0]], np.float32))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert probabilities[0] == pytest.approx([0.5, 0.5, 0.0])
    assert probabilities[1].argmax() == 2
