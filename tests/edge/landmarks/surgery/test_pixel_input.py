"""The landmark model with an input of uint8, on the real one."""

import struct

import numpy as np
import pytest

from edge.core.errors import BackendError, ModelError
from edge.core.files import sha256
from edge.core.runtime import make_interpreter, runtime_name
from edge.landmarks import assets, models
from edge.landmarks.litert import LandmarkModel
from edge.landmarks.models import LANDMARKER_SHA256
from edge.landmarks.surgery import flatbuffer as fb
from edge.landmarks.surgery.pixel_input import take_pixels
from tests.edge.landmarks.network import outputs


@pytest.fixture(scope="module")
def original():
    """The landmark model as MediaPipe ships it: float32 from 0 to 1."""
    (model,) = (asset for asset in assets.MODELS if "landmark" in asset.name)
    try:
        return assets.load(model)
    except ModelError as error:
        pytest.skip(f"needs the face models: {error}")


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


@pytest.mark.parametrize("model", [b"", b"\0" * 64, b"\x10\0\0\0TFL3" + b"\xff" * 200, b"abc" * 1000])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(ModelError):
        take_pixels(model)


def test_a_truncated_model_is_refused_or_changed_but_never_crashes(original):
    for length in range(0, len(original), 40_009):
        try:
            assert len(take_pixels(original[:length])) > length
        except ModelError:
            continue
        except struct.error:
            pytest.fail("a struct.error is not an answer to the user")


def test_a_damaged_model_is_refused_or_changed_but_never_crashes(original):
    rng = np.random.default_rng(0)
    refused = 0
    root = struct.unpack_from("<I", original)[0]
    for _ in range(400):
        damaged = bytearray(original)
        for place in rng.integers(root, root + 3000, 40):
            struct.pack_into("<I", damaged, place, rng.choice([0, 1, 2**31, 2**32 - 1, rng.integers(2**32)]))
        try:
            take_pixels(bytes(damaged))
        except ModelError:
            refused += 1
    assert 0 < refused


def test_a_change_that_gives_another_model_is_noticed(original, monkeypatch):
    monkeypatch.setattr(models, "take_pixels", lambda model: take_pixels(model) + b"x")
    for maps in ((), models.TAPS):
        with pytest.raises(ModelError, match="unexpected SHA-256"):
            models.find_models(maps=maps)


def test_a_backend_refuses_a_model_that_takes_floats(original):
    with pytest.raises(BackendError, match=r"must take uint8 \[1, 192, 192, 3\], not float32"):
        LandmarkModel(original, 1)


def test_a_new_table_is_read_as_it_was_written():
    inner = {0: 7, 2: fb.Vector(2, struct.pack("<2i", 5, -6))}
    data = fb.table({3: fb.Vector(1, b"x"), 1: 2**32 - 1, 4: inner})
    assert struct.unpack_from("<I", data, fb.field(data, 0, 1))[0] == 2**32 - 1
    text = fb.follow(data, fb.field(data, 0, 3))
    assert (fb.length(data, text), data[text + 4 : text + 5]) == (1, b"x")
    below = fb.follow(data, fb.field(data, 0, 4))
    assert fb.number(data, fb.field(data, below, 0)) == 7
    numbers = fb.follow(data, fb.field(data, below, 2))
    assert [fb.number(data, fb.slot(data, numbers, index)) for index in range(2)] == [5, -6]
    assert numbers % 16 == text % 16 == 12  # what they hold begins at a multiple of 16
    for number in (0, 2, 5):
        with pytest.raises(ModelError, match=f"lacks field {number}"):
            fb.field(data, 0, number)
    with pytest.raises(ModelError, match="2 elements, expected index 2"):
        fb.slot(data, numbers, 2)
