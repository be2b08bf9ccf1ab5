"""Features to probabilities, through the shipped bundles."""

import numpy as np
import pytest

from edge.build import load_bundle
from edge.classifier import Quantizer, TfliteClassifier
from edge.core import features
from edge.core.bundle import Bundle
from edge.core.errors import BundleError
from edge.core.quantize import Quantization

HALF_STEPS = Quantization(scale=0.5, zero_point=3)


def _quantize(values, mean=0.0, std=1.0, to=HALF_STEPS):
    values = np.array(values, np.float32)
    codes = np.empty((1, len(values)), np.int8)
    Quantizer(np.full_like(values, mean), np.full_like(values, std), to).quantize(values, codes)
    return codes[0]


def test_codes_are_the_nearest_and_are_clipped_not_wrapped():
    assert _quantize([0.0, 0.3, 0.5, -1.0]).tolist() == [3, 4, 4, 1]
    assert _quantize([1e6, -1e6]).tolist() == [127, -128]
    # The farthest point of a face, on the least deviation and the finest step that bundles have.
    far = _quantize([features.FARTHEST, -features.FARTHEST], std=1e-3, to=Quantization(1e-3, 0))
    assert far.tolist() == [127, -128]
    assert _quantize([6.5], to=Quantization(0.05, 3)).tolist() == [127]


def test_features_are_standardized_first():
    assert _quantize([10.0, 14.0], mean=10.0, std=2.0).tolist() == [3, 7]


def test_codes_are_within_half_a_step():
    values = np.random.default_rng(0).uniform(-60, 60, 1000).astype(np.float32)
    back = (_quantize(values).astype(np.float32) - HALF_STEPS.zero_point) * HALF_STEPS.scale
    assert np.abs(back - values).max() <= HALF_STEPS.scale / 2 + 1e-5


def test_the_codes_are_those_of_numpy():
    rng = np.random.default_rng(1)
    values, mean = rng.normal(size=(2, 5000)).astype(np.float32)
    std = rng.uniform(0.1, 3, 5000).astype(np.float32)
    codes = np.empty((1, 5000), np.int8)
    Quantizer(mean, std, Quantization(0.04, -7)).quantize(values, codes)
    expected = np.rint((values.astype(np.float64) - mean) / std / 0.04) - 7
    assert np.abs(codes[0] - expected.clip(-128, 127)).max() <= 1  # ties in the last bit of float32
    assert (codes[0] == expected.clip(-128, 127)).mean() > 0.999


@pytest.fixture(scope="module", params=["landmarks", "fused"])
def classifier(request):
    return TfliteClassifier(load_bundle(request.param))


def face(classifier, golden, name="astronaut", height=512):
    """Inputs of a portrait; an embedding of zeros where the bundle wants one."""
    vector = features.extract(golden[name] * (512, height, 512))
    return [vector, np.zeros(features.LENGTHS["embedding"], np.float32)][: len(classifier._quantizers)]


def test_probabilities_are_probabilities(classifier, golden):
    inputs = face(classifier, golden)
    probabilities = classifier.predict(inputs)
    assert probabilities.shape == (7,)
    assert probabilities.dtype == np.float32
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(probabilities, classifier.predict(inputs))


def test_absurd_features_saturate_and_do_not_wrap(classifier, golden):
    inputs = face(classifier, golden)
    for sign in (1, -1):
        large, absurd = ([np.full_like(x, sign * size) for x in inputs] for size in (500, features.FARTHEST))
        np.testing.assert_array_equal(classifier.predict(large), classifier.predict(absurd))


def test_the_astronaut_smiles(golden):
    classifier = TfliteClassifier(load_bundle("landmarks"))
    probabilities = classifier.predict(face(classifier, golden))
    assert classifier.labels[int(probabilities.argmax())] == "happy"


@pytest.mark.parametrize("name", ["landmarks", "fused"])
def test_a_model_of_another_shape_is_refused(name):
    bundle = load_bundle(name)
    fields = {name: getattr(bundle, name) for name in Bundle.__slots__}
    with pytest.raises(BundleError, match=r"must take int8 .* and give int8 \[3\]"):
        TfliteClassifier(Bundle(**{**fields, "labels": ("a", "b", "c")}))
    with pytest.raises(BundleError, match="must take int8"):
        TfliteClassifier(Bundle(**{**fields, "inputs": bundle.inputs[:-1]}))
