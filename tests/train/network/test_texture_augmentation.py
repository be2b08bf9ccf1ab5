"""Augmented textures."""

import numpy as np

from train.network.texture_augmentation import augmented


def textures(count, seed=0):
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((count, 8, 8, 1)).repeat(8, 1).repeat(8, 2).astype(np.float32)
    return (values - values.mean(axis=(1, 2), keepdims=True)) / values.std(axis=(1, 2), keepdims=True)


def test_they_stay_normalized_and_of_their_shape():
    result = augmented(textures(40), np.random.default_rng(1))
    assert (result.shape, result.dtype) == ((40, 64, 64, 1), np.float32)
    np.testing.assert_allclose(result.mean(axis=(1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(result.std(axis=(1, 2)), 1, atol=1e-2)


def test_each_differs_and_the_same_numbers_give_the_same():
    same = np.repeat(textures(1), 20, axis=0)
    result = augmented(same, np.random.default_rng(2))
    assert len({picture.tobytes() for picture in result}) == 20
    np.testing.assert_array_equal(result, augmented(same, np.random.default_rng(2)))


def test_what_they_show_can_still_be_seen():
    """Half of them are mirrored."""
    originals = textures(200)
    result = augmented(originals, np.random.default_rng(3))
    straight, mirrored = (
        (originals[:, :, order] * result).mean(axis=(1, 2, 3))
        for order in (slice(None), slice(None, None, -1))
    )
    assert np.median(np.maximum(straight, mirrored)) > 0.3
    assert 0.4 < (straight > mirrored).mean() < 0.6


def test_the_originals_stay_as_they_are():
    originals = textures(10)
    copy = originals.copy()
    augmented(originals, np.random.default_rng(4))
    np.testing.assert_array_equal(originals, copy)


def test_a_texture_without_contrast_stays_finite():
    assert np.isfinite(augmented(np.zeros((30, 64, 64, 1), np.float32), np.random.default_rng(5))).all()
