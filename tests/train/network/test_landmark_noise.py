"""Noise on landmarks, and landmarks that are lost."""

import numpy as np
import pytest

from edge.core import features
from train.network.landmark_noise import DROPOUT_RADIUS, LandmarkNoise

RNG = np.random.default_rng(0)


@pytest.fixture(params=[(468, 3), (68, 2)])
def faces(request):
    """Aligned faces, float32 (B, P·D), and the anchors."""
    points, columns = request.param
    left, right = features.EYE_ANCHORS[points]
    base = np.random.default_rng(1).uniform(20, 100, (points, columns))
    base[left, :2], base[right, :2] = (40, 60), (80, 65)
    rows = base + np.random.default_rng(2).normal(0, 1, (200, points, columns))
    return np.stack([features.align(row).ravel() for row in rows]), (left, right), columns


def test_jittered_rows_are_aligned_again_and_jitter_differs(faces):
    rows, (left, right), columns = faces
    noise = LandmarkNoise(rows.mean(axis=0), jitter=0.05, dropout=0)
    jittered = noise(rows, np.random.default_rng(0))
    points = jittered.reshape(len(rows), -1, columns)
    np.testing.assert_allclose(points[:, left, :2], np.tile([-0.5, 0], (len(rows), 1)), atol=1e-6)
    np.testing.assert_allclose(points[:, right, :2], np.tile([0.5, 0], (len(rows), 1)), atol=1e-6)
    moved = np.abs(jittered - rows).mean(axis=1)
    assert jittered.dtype == np.float32
    assert moved.min() < 0.002
    assert 0.03 < moved.max() < 0.2
    assert np.median(moved) < moved.max() / 3


def test_the_alignment_is_the_devices(faces):
    rows, _, columns = faces
    noise = LandmarkNoise(rows.mean(axis=0), jitter=1e-12, dropout=0)
    turned = rows.reshape(len(rows), -1, columns) * np.float32(3) + np.float32(0.25)
    expected = np.stack([features.align(row).ravel() for row in turned])
    result = noise(turned.reshape(rows.shape), np.random.default_rng(0))
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_lost_points_are_a_disk_of_the_mean_face(faces):
    rows, (left, right), columns = faces
    mean = rows.mean(axis=0)
    holes = LandmarkNoise(mean, jitter=0, dropout=1.0)(rows, np.random.default_rng(0))
    shape = (len(rows), -1, columns)
    gone = (holes != rows).reshape(shape).any(axis=2)
    assert gone.any(axis=1).mean() > 0.9
    assert not gone[:, [left, right]].any()
    assert np.array_equal(holes.reshape(shape)[gone], np.broadcast_to(mean, rows.shape).reshape(shape)[gone])
    places = mean.reshape(-1, columns)[:, :2]
    for row in gone[gone.any(axis=1)]:
        assert np.ptp(places[row], axis=0).max() <= 2 * DROPOUT_RADIUS[1]


def test_a_part_of_the_rows_keeps_its_points(faces):
    rows, *_ = faces
    holes = LandmarkNoise(rows.mean(axis=0), jitter=0, dropout=0.25)(rows, np.random.default_rng(0))
    assert 0.6 < (holes == rows).all(axis=1).mean() < 0.9


def test_no_noise_changes_nothing(faces):
    rows, *_ = faces
    assert np.array_equal(LandmarkNoise(rows.mean(axis=0), 0, 0)(rows, RNG), rows)
