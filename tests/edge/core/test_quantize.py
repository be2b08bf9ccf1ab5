import numpy as np
import pytest

from edge.core.quantize import Quantization, Quantizer, dequantize, softmax

HALF_STEPS = Quantization(scale=0.5, zero_point=3)


def _quantize(values, mean=0.0, std=1.0, to=HALF_STEPS):
    values = np.array(values, np.float32)
    codes = np.empty(len(values), np.int8)
    Quantizer(np.full_like(values, mean), np.full_like(values, std), to).quantize(values, codes)
    return codes


def test_codes_are_the_nearest_and_are_clipped_not_wrapped():
    assert _quantize([0.0, 0.3, 0.5, -1.0, 1e6, -1e6]).tolist() == [3, 4, 4, 1, 127, -128]
    assert _quantize([6.5], to=Quantization(0.05, 3)).tolist() == [127]


def test_features_are_standardized_first():
    assert _quantize([10.0, 14.0], mean=10.0, std=2.0).tolist() == [3, 7]


def test_round_trip_is_within_half_a_step():
    values = np.random.default_rng(0).uniform(-60, 60, 1000).astype(np.float32)
    back = dequantize(_quantize(values), HALF_STEPS)
    assert back.dtype == np.float32
    assert np.abs(back - values).max() <= HALF_STEPS.scale / 2 + 1e-6


def test_softmax_sums_to_one_and_survives_large_logits():
    probabilities = softmax(np.array([[1000.0, 1000.0, 0.0], [-5.0, 0.0, 5.0]], np.float32))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert probabilities[0] == pytest.approx([0.5, 0.5, 0.0])
    assert probabilities[1].argmax() == 2
