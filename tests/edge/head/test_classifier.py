"""Features to probabilities, through the shipped bundles."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.build import load_bundle
from edge.core import features
from edge.core.errors import BundleError
from edge.core.quantize import MeanStd, Quantization
from edge.core.runtime import make_interpreter
from edge.core.types import Face, Input, InputTensor
from edge.head import inputs as registry
from edge.head.classifier import TfliteClassifier
from edge.head.inputs import INPUTS, maps_of


@pytest.fixture(scope="module", params=["landmarks", "fer2013"])
def classifier(request):
    return TfliteClassifier(load_bundle(request.param))


def face(classifier, golden, name="astronaut", height=512):
    """Inputs of a portrait; maps of zeros where the bundle wants some."""
    maps = {each: np.zeros(INPUTS[each].shape, np.float32) for each in maps_of(INPUTS)}
    portrait = Face(golden[name] * (512, height, 512), 1.0, None, 0, maps)
    return [each.make(portrait) for each in classifier.inputs]


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


@pytest.mark.parametrize("name", ["landmarks", "fer2013"])
def test_a_model_of_another_shape_is_refused(name):
    bundle = load_bundle(name)
    with pytest.raises(BundleError, match=r"must take .*:0 float32 \[1, 1404\].* give int8 \[1, 3\], but"):
        TfliteClassifier(replace(bundle, labels=("a", "b", "c")))
    place = [each.name for each in bundle.inputs].index("landmarks")
    elsewhere = replace(bundle.inputs[place], tensor="nowhere")
    with pytest.raises(
        BundleError, match=r"must take .*nowhere float32 \[1, 1404\].*, but takes .*:0 float32 \[1, 1404\]"
    ):
        TfliteClassifier(
            replace(bundle, inputs=(*bundle.inputs[:place], elsewhere, *bundle.inputs[place + 1 :]))
        )


def test_a_model_with_more_inputs_than_the_bundle_names_is_refused():
    bundle = load_bundle("fer2013")
    with pytest.raises(BundleError, match=r"must take .* but takes .*fine_map:0"):
        TfliteClassifier(replace(bundle, inputs=bundle.inputs[:2]))


def test_a_network_that_the_runtime_refuses_is_the_bundles_fault():
    with pytest.raises(BundleError, match=r"refuses the model of bundle .*landmarks: .*: convert it again"):
        TfliteClassifier(replace(load_bundle("landmarks"), model=bytes(1000)))


def test_a_tensor_whose_name_is_no_text_is_refused():
    bundle = load_bundle("fer2013")
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
    mean, std = bundle.inputs[0].standardization
    tensor = replace(bundle.inputs[0], standardization=MeanStd(4 * mean + 8, 4 * std))
    moved = replace(bundle, inputs=(tensor,))
    np.testing.assert_allclose(TfliteClassifier(moved).predict([4 * landmarks + 8]), expected, atol=0.02)
    assert np.abs(TfliteClassifier(moved).predict([landmarks]) - expected).max() > 0.1


TOY = Path(__file__).parents[1] / "golden" / "toy.tflite"
"""See ``make_toy_network.py``: sums of two inputs of the same length, and a pixel of a third of rank 3."""
PLACES = (("first", (4,), np.float32), ("second", (4,), np.float32), ("picture", (2, 3, 1), np.uint8))


@pytest.fixture
def toy(monkeypatch):
    """A bundle of the toy network, whose inputs are entries of the registry for once."""
    tensors = []
    for name, shape, dtype in PLACES:
        entry = Input(name, 1, shape, np.dtype(dtype), lambda face: face.landmarks, np.zeros(256, dtype))
        monkeypatch.setitem(registry.INPUTS, name, entry)
        tensors.append(InputTensor(name, 1, f"serving_default_{name}:0", shape, entry.dtype))
    return replace(
        load_bundle("landmarks"),
        model=TOY.read_bytes(),
        labels=("first", "second", "picture"),
        inputs=tuple(tensors),
        output=Quantization(0.027865873649716377, -15),
    )


def logits(bundle, *values):
    codes = TfliteClassifier(bundle).codes(values)
    return bundle.output.scale * (codes.astype(float) - bundle.output.zero_point)


FIRST, SECOND = np.full(4, 0.5, np.float32), np.array([-1, 0, -0.5, 0], np.float32)
PICTURE = np.array([0, 0, 0, 0, 0, 192], np.uint8).reshape(2, 3, 1)


def test_inputs_are_told_apart_by_the_names_of_their_tensors(toy):
    interpreter = make_interpreter(toy.model, 1, "the toy")
    order = [each["name"].split("_")[-1] for each in interpreter.get_input_details()]
    assert order == ["picture:0", "second:0", "first:0"]  # whatever the order in the flatbuffer
    np.testing.assert_allclose(logits(toy, FIRST, SECOND, PICTURE), (2, -1.5, 3), atol=0.06)
    first, second, picture = toy.inputs
    turned = replace(toy, inputs=(picture, second, first))
    np.testing.assert_allclose(logits(turned, PICTURE, SECOND, FIRST), (2, -1.5, 3), atol=0.06)
    in_the_second, in_the_first = replace(first, tensor=second.tensor), replace(second, tensor=first.tensor)
    swapped = replace(toy, inputs=(in_the_second, in_the_first, picture))
    np.testing.assert_allclose(logits(swapped, FIRST, SECOND, PICTURE), (-1.5, 2, 3), atol=0.06)


def test_an_input_of_any_rank_and_type_and_a_standardized_one(toy):
    first, second, picture = toy.inputs
    mean, std = np.array([1, 2, 3, 4], np.float32), np.full(4, 2, np.float32)
    registry.INPUTS["first"] = replace(registry.INPUTS["first"], standardized=True)
    first = replace(first, standardization=MeanStd(mean, std))
    bundle = replace(toy, inputs=(first, second, picture))
    result = logits(bundle, mean + 2 * FIRST, SECOND.reshape(2, 2), PICTURE)
    np.testing.assert_allclose(result, (2, -1.5, 3), atol=0.06)


def test_a_tensor_of_another_type_is_refused(toy, monkeypatch):
    first, second, picture = toy.inputs
    monkeypatch.setitem(
        registry.INPUTS, "picture", replace(registry.INPUTS["picture"], dtype=np.dtype(np.int8))
    )
    wrong = replace(toy, inputs=(first, second, replace(picture, dtype=np.dtype(np.int8))))
    with pytest.raises(BundleError, match=r"must take .*picture:0 int8 .*, but takes .*picture:0 uint8"):
        TfliteClassifier(wrong)
