import hashlib
import math

import numpy as np
import pytest

from edge.core import features

# SHA-256 of the feature bytes of the golden landmarks, the same on x86-64 and arm64, NumPy 1 and 2.
GOLDEN_SHA256 = {
    "astronaut": "dd9bb1e247a47ed8ee316922d490b58b75ac69a980638180d27183bb50fe79cf",
    "grace_hopper": "55adf88b350c795799e58cf39d1551f99ecd16474f75e725a966b4c0bb483a27",
}


def _random_face(points: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(300, 80, (points, columns)).astype(np.float32)


@pytest.mark.parametrize("name", GOLDEN_SHA256)
def test_golden_landmarks_give_the_same_bytes_everywhere(golden, name):
    size = {"astronaut": (512, 512, 512), "grace_hopper": (512, 600, 512)}[name]
    vector = features.extract(golden[name] * np.array(size, np.float32))
    assert hashlib.sha256(vector.tobytes()).hexdigest() == GOLDEN_SHA256[name]


@pytest.mark.parametrize(("points", "columns"), [(468, 3), (478, 3), (68, 2), (68, 3)])
def test_anchors_land_on_half_and_minus_half(points, columns):
    aligned = features.align(_random_face(points, columns))
    left, right = features.EYE_ANCHORS[points]
    assert aligned.shape == (points, columns)
    assert aligned.dtype == np.float32
    np.testing.assert_allclose(aligned[left, :2], (-0.5, 0), atol=1e-7)
    np.testing.assert_allclose(aligned[right, :2], (0.5, 0), atol=1e-7)


@pytest.mark.parametrize("points", [468, 68])
def test_moving_turning_and_scaling_change_nothing(points):
    face = _random_face(points, 3).astype(np.float64)
    angle, scale = 0.7, 2.5
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    moved = np.column_stack([face[:, :2] @ turn.T, face[:, 2]]) * scale + (17, -40, 3)
    # z is only moved and scaled: the anchors' own z is taken off.
    np.testing.assert_allclose(features.align(moved), features.align(face), atol=1e-5)


def test_a_mirrored_face_is_another_face():
    face = _random_face(468, 3)
    mirrored = face * np.array([-1, 1, 1], np.float32)
    assert np.abs(features.align(mirrored) - features.align(face)).max() > 0.1


def test_iris_points_are_left_out():
    face = _random_face(478, 3)
    np.testing.assert_array_equal(features.extract(face), features.extract(face[:468]))
    assert features.extract(face).shape == (1404,)


@pytest.mark.parametrize(
    ("landmarks", "message"),
    [
        (np.zeros((468, 3), np.float32), "apart"),
        (np.full((468, 3), np.nan, np.float32), "apart"),
        (np.zeros((467, 3), np.float32), "must be"),
        (np.zeros((468, 4), np.float32), "must be"),
        (np.zeros(1404, np.float32), "must be"),
    ],
)
def test_landmarks_that_make_no_sense_are_refused(landmarks, message):
    with pytest.raises(ValueError, match=message):
        features.align(landmarks)


def test_one_point_that_is_not_finite_is_refused():
    face = _random_face(468, 3)
    face[100, 1] = np.inf
    with pytest.raises(ValueError, match="finite"):
        features.align(face)
    face[100, 1] = face[33, 1] + 1.1 * features.FARTHEST * np.linalg.norm(face[33, :2] - face[263, :2])
    with pytest.raises(ValueError, match="within 1000 distances"):
        features.align(face)
