"""Inner tensors as further outputs, on the real landmark model."""

import numpy as np
import pytest

from edge.core.errors import ModelError
from edge.core.files import sha256
from edge.head.inputs import INPUTS
from edge.landmarks.litert import LitertBackend
from edge.landmarks.models import MAPS, TAPS, find_models
from edge.landmarks.surgery.tap import tap
from tests.edge.landmarks.network import outputs


def test_the_first_outputs_stay_bit_identical_and_the_maps_follow(models):
    picture = np.random.default_rng(0).integers(0, 256, (1, 192, 192, 3), np.uint8)
    plain, tapped = (
        outputs(model, picture) for model in (models.landmarker, tap(models.landmarker, (*TAPS.values(),)))
    )
    assert len(tapped) == len(plain) + len(TAPS)
    for before, after in zip(plain, tapped, strict=False):
        np.testing.assert_array_equal(before, after)
    assert [values.shape[1:] for values in tapped[2:]] == [INPUTS[name].shape for name in TAPS]
    assert all(values.std() > 0.1 for values in tapped[2:])


def test_it_is_a_pure_function_of_the_bytes(models):
    tapped = tap(models.landmarker, (177, 113))
    assert sha256(tapped) == "ca0aa7bc69b1412da9f40c27b57f3d6bdc2816075a951bf84da71cafda213de7"
    assert tapped[: len(models.landmarker)] != models.landmarker  # one offset was turned
    assert sum(a != b for a, b in zip(tapped, models.landmarker, strict=False)) <= 4


def test_a_tensor_that_is_not_there(models):
    with pytest.raises(ModelError, match="the model has tensors 0…"):
        tap(models.landmarker, (100_000,))


@pytest.mark.parametrize("wanted", [(), ("texture",), ("fine_map", "coarse_map")])
def test_faces_have_the_maps_that_are_asked_for(models, portraits, make_frame, wanted):
    frame = make_frame(portraits["astronaut"])
    (plain,) = LitertBackend(models).detect(frame)
    (face,) = LitertBackend(find_models(maps=wanted)).detect(frame)
    (every,) = LitertBackend(find_models(maps=MAPS)).detect(frame)
    assert plain.maps == {}
    assert {*face.maps} == {*face.mirrored.maps} == {*wanted}
    for name, values in face.maps.items():
        assert (values.shape, values.dtype) == (INPUTS[name].shape, INPUTS[name].dtype)
        np.testing.assert_array_equal(values, every.maps[name])
        assert not np.array_equal(values, face.mirrored.maps[name])
    np.testing.assert_array_equal(plain.landmarks, face.landmarks)


def test_maps_stay_what_they_were_when_the_next_frame_comes(models, portraits, make_frame):
    backend = LitertBackend(find_models(maps=MAPS))
    (face,) = backend.detect(make_frame(portraits["astronaut"]))
    before = {name: values.copy() for name, values in face.maps.items()}
    backend.detect(make_frame(portraits["grace_hopper"], 1))
    for name, values in before.items():
        np.testing.assert_array_equal(face.maps[name], values)
