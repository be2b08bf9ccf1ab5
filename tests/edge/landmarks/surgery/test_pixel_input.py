"""The landmark model with an input of uint8, on the real one."""

import numpy as np
import pytest

from edge.core.errors import BackendError, ModelError
from edge.core.files import sha256
from edge.core.runtime import make_interpreter, runtime_name
from edge.landmarks import models
from edge.landmarks.litert import LandmarkModel
from edge.landmarks.models import LANDMARKER_SHA256
from edge.landmarks.surgery.pixel_input import take_pixels
from tests.edge.landmarks.network import outputs


def test_outputs_are_bit_identical_to_those_of_scaled_floats(original):
    changed = take_pixels(original)
    (entry,) = make_interpreter(changed, 1, "the model").get_input_details()
    assert entry["dtype"] is np.uint8
    rng = np.random.default_rng(0)
    for _ in range(3):
        pixels = rng.integers(0, 256, (1, 192, 192, 3), np.uint8)
        expected = outputs(original, pixels * np.float32(1 / 255))
        for was, now in zip(expected, outputs(changed, pixels), strict=True):
            np.testing.assert_array_equal(now, was)


def test_the_delegate_still_takes_all_of_the_network(original):
    if runtime_name() == "tflite_runtime":
        pytest.skip("tflite-runtime converts the pixels with a kernel of its own, in the same time")
    interpreter = make_interpreter(take_pixels(original), 1, "the model")
    steps = [step["op_name"] for step in interpreter._get_ops_details()]
    assert steps.count("DELEGATE") == 1


def test_it_is_a_pure_function_of_the_bytes(original):
    changed = take_pixels(original)
    assert sha256(changed) == LANDMARKER_SHA256
    assert sum(a != b for a, b in zip(changed, original, strict=False)) <= 20  # references and two indices


def test_a_model_that_takes_pixels_already_is_refused(original):
    with pytest.raises(ModelError, match="expected index 2"):
        take_pixels(take_pixels(original))


def test_a_change_that_gives_another_model_is_noticed(original, monkeypatch):
    monkeypatch.setattr(models, "take_pixels", lambda model: take_pixels(model) + b"x")
    for maps in ((), models.TAPS):
        with pytest.raises(ModelError, match="unexpected SHA-256"):
            models.find_models(maps=maps)


def test_a_backend_refuses_a_model_that_takes_floats(original):
    with pytest.raises(BackendError, match=r"must take uint8 \[1, 192, 192, 3\], not float32"):
        LandmarkModel(original, 1)
