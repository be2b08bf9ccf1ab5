"""Inner tensors as further outputs, on the real landmark model."""

import struct

import numpy as np
import pytest

from edge.core import features
from edge.core.errors import ModelError
from edge.core.files import sha256
from edge.landmarks.litert import LitertBackend
from edge.landmarks.models import EMBEDDING_TENSORS, TAPPED_SHA256, find_models
from edge.landmarks.tap import tap
from tests.edge.landmarks.network import outputs


def test_the_first_outputs_stay_bit_identical_and_the_maps_follow(models):
    picture = np.random.default_rng(0).integers(0, 256, (1, 192, 192, 3), np.uint8)
    plain, tapped = (
        outputs(model, picture) for model in (models.landmarker, tap(models.landmarker, EMBEDDING_TENSORS))
    )
    assert len(tapped) == len(plain) + len(EMBEDDING_TENSORS)
    for before, after in zip(plain, tapped, strict=False):
        np.testing.assert_array_equal(before, after)
    assert [values.shape[1:] for values in tapped[2:]] == list(features.MAP_SHAPES.values())
    assert all(values.std() > 0.1 for values in tapped[2:])


def test_it_is_a_pure_function_of_the_bytes(models):
    tapped = tap(models.landmarker, EMBEDDING_TENSORS)
    assert sha256(tapped) == TAPPED_SHA256
    assert tapped[: len(models.landmarker)] != models.landmarker  # one offset was turned
    assert sum(a != b for a, b in zip(tapped, models.landmarker, strict=False)) <= 4


def test_a_tensor_that_is_not_there(models):
    with pytest.raises(ModelError, match="the model has tensors 0…"):
        tap(models.landmarker, (100_000,))


@pytest.mark.parametrize("model", [b"", b"\0" * 64, b"\x10\0\0\0TFL3" + b"\xff" * 200, b"abc" * 1000])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(ModelError):
        tap(model, (1,))


def test_a_truncated_model_is_refused_or_tapped_but_never_crashes(models):
    lengths = range(0, len(models.landmarker), 40_009)
    refused = 0
    for length in lengths:
        try:
            assert len(tap(models.landmarker[:length], (1,))) > length
        except ModelError:
            refused += 1
        except struct.error:
            pytest.fail("a struct.error is not an answer to the user")
    assert 0 < refused <= len(lengths)


def test_faces_have_an_embedding_only_where_it_is_asked_for(models, portraits, make_frame):
    frame = make_frame(portraits["astronaut"])
    (plain,) = LitertBackend(models).detect(frame)
    (face,) = LitertBackend(find_models(embedding=True)).detect(frame)
    assert plain.embedding is None
    assert face.embedding.shape == (features.EMBEDDING_LENGTH,)
    assert face.embedding.dtype == np.float32
    np.testing.assert_array_equal(plain.landmarks, face.landmarks)


def test_an_embedding_stays_what_it_was_when_the_next_frame_comes(models, portraits, make_frame):
    backend = LitertBackend(find_models(embedding=True))
    (face,) = backend.detect(make_frame(portraits["astronaut"]))
    before = face.embedding.copy()
    backend.detect(make_frame(portraits["grace_hopper"], 1))
    np.testing.assert_array_equal(face.embedding, before)
