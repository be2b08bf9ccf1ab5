import numpy as np
import pytest

from edge.core.quantize import CodeSoftmax, MeanStd, Quantization, clip_outliers, softmax, standardize


def test_the_softmax_of_codes_is_that_of_the_logits_they_stand_for():
    codes = np.array([-128, 127, 100, 0, 0, -5, 90], np.int8)
    logits = (codes.astype(np.float32) - 3) * 0.05
    probabilities = CodeSoftmax(Quantization(0.05, 3)).probabilities(codes)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, softmax(logits), rtol=1e-5)


def test_a_temperature_divides_the_logits():
    codes = np.array([-20, 40, 10], np.int8)
    logits = codes.astype(np.float32) * 0.05
    warm = CodeSoftmax(Quantization(0.05, 0), temperature=2.0).probabilities(codes)
    np.testing.assert_allclose(warm, softmax(logits / 2), rtol=1e-5)


def test_standardized_values_are_cut_off():
    values = np.array([[10.0, 0.0], [14.0, -100.0]], np.float16)
    result = standardize(values, MeanStd(np.float32([10, 0]), np.float32([2, 1])), 5.0)
    assert result.dtype == np.float32
    assert result.tolist() == [[0, 0], [2, -5]]


def test_what_the_network_standardizes_itself_goes_on_as_it_is_and_is_cut_off_too():
    by = MeanStd(np.float32([1]), np.float32([4]))
    result = clip_outliers(np.array([[[3.0, 100.0], [0.5, -100.0]]], np.float16), by, 5.0)
    assert result.dtype == np.float32
    assert result.tolist() == [[[3, 21], [0.5, -19]]]
    pixels = np.array([[0, 255]], np.uint8)
    assert clip_outliers(pixels, by, 5.0) is pixels


def test_softmax_sums_to_one_and_survives_large_logits():
    probabilities = softmax(np.array([[1000.0, 1000.0, 0.0], [-5.0, 0.0, 5.0]], np.float32))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert probabilities[0] == pytest.approx([0.5, 0.5, 0.0])
    assert probabilities[1].argmax() == 2
