import numpy as np
import pytest

from edge.core.quantize import CodeSoftmax, Quantization, Quantizer, softmax

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


def test_codes_are_within_half_a_step():
    values = np.random.default_rng(0).uniform(-60, 60, 1000).astype(np.float32)
    back = (_quantize(values).astype(np.float32) - HALF_STEPS.zero_point) * HALF_STEPS.scale
    assert np.abs(back - values).max() <= HALF_STEPS.scale / 2 + 1e-5


def test_the_softmax_of_codes_is_that_of_the_logits_they_stand_for():
    codes = np.array([-128, 127, 100, 0, 0, -5, 90], np.int8)
    logits = (codes.astype(np.float32) - 3) * 0.05
    probabilities = CodeSoftmax(Quantization(0.05, 3)).probabilities(codes)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, softmax(logits), rtol=1e-5)


def test_softmax_sums_to_one_and_survives_large_logits():
    probabilities = softmax(np.array([[1000.0, 1000.0, 0.0], [-5.0, 0.0, 5.0]], np.float32))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert probabilities[0] == pytest.approx([0.5, 0.5, 0.0])
    assert probabilities[1].argmax() == 2
