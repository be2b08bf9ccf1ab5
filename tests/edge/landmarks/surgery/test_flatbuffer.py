"""Flatbuffers that are damaged, and new tables in them."""

import struct
from functools import partial

import numpy as np
import pytest

from edge.core.errors import ModelError
from edge.landmarks.surgery import flatbuffer as fb
from edge.landmarks.surgery.pixel_input import take_pixels
from edge.landmarks.surgery.tap import tap

CHANGES = pytest.mark.parametrize("change", [take_pixels, partial(tap, tensors=(1,))], ids=["pixels", "tap"])


@CHANGES
@pytest.mark.parametrize("model", [b"", b"\0" * 64, b"\x10\0\0\0TFL3" + b"\xff" * 200, b"abc" * 1000])
def test_what_is_no_model_is_refused(change, model):
    with pytest.raises(ModelError):
        change(model)


def refused(change, model):
    """Whether a damaged model is refused, as it should be, or changed; any other error fails the test."""
    try:
        assert len(change(model)) > len(model)
    except ModelError:
        return True
    return False


@CHANGES
def test_a_damaged_model_is_refused_or_changed_but_never_crashes(original, change):
    models = [original[:length] for length in range(0, len(original), 40_009)]
    rng = np.random.default_rng(0)
    root = struct.unpack_from("<I", original)[0]
    for _ in range(400):
        damaged = bytearray(original)
        for place in rng.integers(root, root + 3000, 40):
            struct.pack_into("<I", damaged, place, rng.choice([0, 1, 2**31, 2**32 - 1, rng.integers(2**32)]))
        models.append(bytes(damaged))
    assert True in {refused(change, model) for model in models}


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
