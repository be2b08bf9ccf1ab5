"""Augmentation of a labelled face: limits of what it changes."""

import numpy as np
import pytest

from edge.core.types import Roi
from train.dataset.augmentation import augment, distort, mirror, move

ROI = Roi(60.0, 52.0, 70.0, 0.2)
SEEDS = range(40)


@pytest.fixture
def picture():
    """uint8 (96, 128, 3): something with edges, no grey."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (12, 16, 3), np.uint8)
    return np.ascontiguousarray(coarse.repeat(8, axis=0).repeat(8, axis=1))


def test_mirrored_twice_is_the_same(picture):
    once, roi = mirror(picture, ROI)
    assert np.array_equal(once, picture[:, ::-1])
    assert once.flags.c_contiguous
    assert roi == Roi(128 - 60.0, 52.0, 70.0, -0.2)
    twice, back = mirror(once, roi)
    assert np.array_equal(twice, picture)
    assert back == ROI


def test_the_mirrored_region_has_the_mirrored_pixels(picture):
    """A point of the region in the middle of a pixel lies on that pixel's mirror image."""
    x, y = 60, 52
    flipped, roi = mirror(picture, Roi(x + 0.5, y + 0.5, 10.0, 0.0))
    assert np.array_equal(flipped[int(roi.center_y), int(roi.center_x)], picture[y, x])


def test_the_generator_decides(picture):
    for seed in SEEDS:
        first, second = (augment(picture, ROI, np.random.default_rng([seed, 1])) for _ in range(2))
        assert np.array_equal(first[0], second[0])
        assert first[1] == second[1]
    others = [augment(picture, ROI, np.random.default_rng(seed)) for seed in SEEDS]
    assert len({roi for _, roi in others}) == len(SEEDS)
    undistorted = {picture.tobytes(), picture[:, ::-1].tobytes()}
    assert 0.3 < np.mean([augmented.tobytes() in undistorted for augmented, _ in others]) < 0.7


@pytest.mark.parametrize("shape", [(96, 128, 3), (30, 20, 3)])
def test_shape_type_and_the_picture_itself(shape):
    picture = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    picture.flags.writeable = False
    before = picture.copy()
    for seed in SEEDS:
        result = distort(picture, ROI, np.random.default_rng(seed))
        assert (result.dtype, result.shape) == (np.uint8, shape)
        assert not np.shares_memory(result, picture)
        augmented, _ = augment(picture, ROI, np.random.default_rng(seed))
        assert (augmented.dtype, augmented.shape) == (np.uint8, shape)
    assert np.array_equal(picture, before)


def test_the_picture_can_still_be_recognized(picture):
    """Most of the distorted pictures still correlate with the one they come from."""
    alike = [
        np.corrcoef(distort(picture, ROI, np.random.default_rng(seed)).ravel(), picture.ravel())[0, 1]
        for seed in SEEDS
    ]
    assert min(alike) > 0.5
    assert np.median(alike) > 0.9


def test_a_moved_region_stays_near():
    moved = [move(ROI, np.random.default_rng(seed)) for seed in range(300)]
    distance = [np.hypot(r.center_x - 60, r.center_y - 52) / 70 for r in moved]
    assert 0 < np.mean(distance) < 0.06
    assert max(distance) < 0.15
    assert 0.7 < min(r.size for r in moved) / 70 < 1 < max(r.size for r in moved) / 70 < 1.4
    turned = np.array([r.rotation for r in moved]) - 0.2
    assert np.abs(turned).max() < 0.35
    assert abs(turned.mean()) < 0.02


def test_half_are_mirrored(picture):
    """Without distortion to speak of: the rotation of the region tells."""
    far = Roi(60.0, 52.0, 70.0, 2.0)
    signs = [np.sign(augment(picture, far, np.random.default_rng(seed))[1].rotation) for seed in range(200)]
    assert 70 < signs.count(-1) < 130
