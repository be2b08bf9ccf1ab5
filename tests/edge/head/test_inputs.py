"""What a network may take of a face, and what a bundle says about it."""

from dataclasses import replace

import numpy as np
import pytest

from edge.build import load_bundle
from edge.bundles import golden
from edge.core.errors import BundleError
from edge.core.types import InputTensor
from edge.head.inputs import INPUTS, LANDMARKS, inputs_of, maps_of
from edge.landmarks.litert import LitertBackend
from edge.landmarks.models import MAPS, find_models


@pytest.mark.parametrize("name", INPUTS)
def test_an_entry_is_complete(name):
    entry = INPUTS[name]
    assert entry.name == name
    assert entry.version >= 1
    assert entry.shape
    assert entry.dtype in (np.float32, np.uint8, np.int8)
    assert (entry.synthetic_values.shape, entry.synthetic_values.dtype) == ((256,), entry.dtype)
    assert len(np.unique(entry.synthetic_values)) > 100
    assert entry.dtype == np.float32 or not entry.standardized


@pytest.mark.parametrize("name", INPUTS)
def test_it_is_made_of_a_face_as_the_entry_says(name, models, portraits, make_frame):
    entry = INPUTS[name]
    backend = LitertBackend(find_models(maps=maps_of([name])))
    (face,) = backend.detect(make_frame(portraits["astronaut"]))
    values = entry.make(face)
    assert (values.shape, values.dtype) == (entry.shape, entry.dtype)
    assert values.std() > 0.1
    assert {*face.maps} == ({name} if entry.is_map else set())


@pytest.mark.parametrize("name", INPUTS)
def test_it_has_synthetic_values(name):
    entry = INPUTS[name]
    tensor = InputTensor(name, 1, "t", entry.shape, entry.dtype)
    (first,), (second,), *rest = golden.faces([entry], [tensor])
    assert len(rest) == golden.VECTORS - 2
    assert (first.shape, first.dtype) == (entry.shape, entry.dtype)
    assert not np.array_equal(first, second)


def test_what_a_backend_gives_is_among_the_maps():
    assert maps_of(INPUTS) == MAPS


def test_the_inputs_of_the_shipped_bundles():
    assert [each.name for each in inputs_of(load_bundle("landmarks"))] == ["landmarks"]
    assert [each.name for each in inputs_of(load_bundle("everyday"))] == ["texture"]
    for name in ("fer2013", "ferplus"):
        taken = [each.name for each in inputs_of(load_bundle(name))]
        assert taken == ["texture", "landmarks", "coarse_map", "fine_map"]


FINE = InputTensor("fine_map", 1, "fine", (12, 12, 128), np.dtype(np.float32))
GAZE = InputTensor("gaze", 1, "gaze", (2,), np.dtype(np.float32))


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (
            GAZE,
            "takes the input gaze, version 1, this program gives landmarks 1, .*, fine_map 1, texture 1: ",
        ),
        (replace(FINE, version=2), r"takes the input fine_map, version 2, this program gives .*texture 1: "),
        (replace(FINE, shape=(12, 128, 12)), r"fine_map as float32 \[12, 128, 12\], expected .*12, 12, 128"),
        (replace(FINE, shape=(18431,)), "fine_map as float32 .18431., expected"),
        (replace(FINE, dtype=np.dtype(np.uint8)), "fine_map as uint8 .*, expected float32"),
    ],
)
def test_an_input_that_this_program_does_not_give_so(tensor, message):
    bundle = load_bundle("fer2013")
    with pytest.raises(BundleError, match=message):
        inputs_of(replace(bundle, inputs=(*bundle.inputs[:2], tensor)))


def test_a_standardization_too_few_or_too_many():
    bundle = load_bundle("fer2013")
    _, landmarks, *_, fine = bundle.inputs
    bare = replace(landmarks, standardization=None)
    with pytest.raises(BundleError, match="input landmarks lacks a 'standardization'"):
        inputs_of(replace(bundle, inputs=(bare, fine)))
    with_one = replace(fine, standardization=landmarks.standardization)
    with pytest.raises(BundleError, match="input fine_map must not have a 'standardization'"):
        inputs_of(replace(bundle, inputs=(landmarks, with_one)))


def test_laid_flat_or_not():
    bundle = load_bundle("fer2013")
    assert inputs_of(replace(bundle, inputs=(FINE,))) == inputs_of(replace(bundle, inputs=bundle.inputs[3:]))
    assert inputs_of(replace(bundle, inputs=bundle.inputs[1:2])) == (LANDMARKS,)
