"""Features to probabilities, through the shipped bundles."""

from dataclasses import replace

import numpy as np
import pytest

from edge.build import load_bundle
from edge.core import features
from edge.core.bundle import Bundle
from edge.core.errors import BundleError
from edge.head.classifier import TfliteClassifier
from edge.runtime import make_interpreter


@pytest.fixture(scope="module", params=["landmarks", "fused"])
def classifier(request):
    return TfliteClassifier(load_bundle(request.param))


def face(classifier, golden, name="astronaut", height=512):
    """Inputs of a portrait; an embedding of zeros where the bundle wants one."""
    vector = features.extract(golden[name] * (512, height, 512))
    maps = features.maps(np.zeros(features.EMBEDDING_LENGTH, np.float32))
    return [vector, *maps][: len(classifier._inputs)]


def test_probabilities_are_probabilities(classifier, golden):
    inputs = face(classifier, golden)
    probabilities = classifier.predict(inputs)
    assert probabilities.shape == (7,)
    assert probabilities.dtype == np.float32
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(probabilities, classifier.predict(inputs))


def test_a_profiler_that_keeps_what_functions_used_does_no_harm(classifier, golden, watched):
    """An interpreter refuses to run while an array of its memory is in anybody's hands."""
    inputs = face(classifier, golden)
    np.testing.assert_allclose(classifier.predict(inputs).sum(), 1, atol=1e-5)
    np.testing.assert_array_equal(classifier.codes(inputs), classifier.codes(inputs))


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
    with pytest.raises(BundleError, match=r"must take float32 .* and give int8 \[3\]"):
        TfliteClassifier(Bundle(**{**fields, "labels": ("a", "b", "c")}))
    with pytest.raises(BundleError, match="must take float32"):
        TfliteClassifier(Bundle(**{**fields, "feature_version": 3 - bundle.feature_version}))


def test_a_network_that_the_runtime_refuses_is_the_bundles_fault():
    with pytest.raises(BundleError, match=r"refuses the model of bundle .*landmarks: .*: convert it again"):
        TfliteClassifier(replace(load_bundle("landmarks"), model=bytes(1000)))


def test_a_tensor_whose_name_is_no_text_is_refused():
    bundle = load_bundle("fused")
    (target,) = make_interpreter(bundle.model, 1, "it").get_output_details()
    name = target["name"].encode()
    damaged = replace(bundle, model=bundle.model.replace(name, b"\xff" * len(name)))
    with pytest.raises(BundleError, match="is damaged"):
        TfliteClassifier(damaged)


def test_landmarks_are_standardized(golden):
    """An affine map of the landmarks and of the bundle's mean and standard deviation changes nothing."""
    bundle = load_bundle("landmarks")
    (landmarks,) = face(TfliteClassifier(bundle), golden)
    expected = TfliteClassifier(bundle).predict([landmarks])
    moved = replace(bundle, mean=4 * bundle.mean + 8, std=4 * bundle.std)
    np.testing.assert_allclose(TfliteClassifier(moved).predict([4 * landmarks + 8]), expected, atol=0.02)
    assert np.abs(TfliteClassifier(moved).predict([landmarks]) - expected).max() > 0.1
