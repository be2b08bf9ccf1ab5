"""The network's shape, and what leaves the training."""

import keras
import numpy as np
import pytest

from edge.core import features
from edge.core.quantize import softmax
from train.data import Standardization, standardization
from train.model import build_model, deployed
from train.settings import Settings

SMALL = Settings(hidden=(12, 8), channels=(4, 6), narrow=5)
LENGTHS = [features.LENGTHS[name] for name in features.INPUTS[2]]


@pytest.fixture
def network():
    keras.utils.set_random_seed(0)
    return build_model(LENGTHS, 3, SMALL)


def test_two_tasks(network):
    rows = [np.ones((2, length), np.float32) for length in LENGTHS]
    classes, votes = network(rows)
    assert (classes.shape, votes.shape) == ((2, 3), (2, 8))
    assert build_model(LENGTHS[:1], 7, SMALL)(rows[:1])[0].shape == (2, 7)


def random_rows(count, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(count, length)).astype(np.float32) for length in LENGTHS]


def test_every_input_takes_part(network):
    rows = random_rows(1)
    before = network(rows)[0].numpy()
    for place in range(len(rows)):
        changed = [values + (n == place) for n, values in enumerate(rows)]
        assert np.abs(network(changed)[0].numpy() - before).max() > 1e-3


def not_standardized(inputs):
    return Standardization([np.zeros(1, np.float32)] * inputs, [np.ones(1, np.float32)] * inputs, 100.0)


def test_the_adjustment_moves_answers_towards_rare_classes(network):
    rows = random_rows(5)
    before = softmax(network(rows)[0].numpy())
    share = np.array([0.7, 0.2, 0.1])
    after = deployed(network, share, 0.5, not_standardized(3))(rows).numpy()
    np.testing.assert_allclose(after.mean(axis=1), 0, atol=1e-5)
    expected = before / share**0.5
    np.testing.assert_allclose(softmax(after), expected / expected.sum(axis=1, keepdims=True), rtol=1e-4)


def test_what_goes_on_takes_maps_as_they_are(network):
    landmarks, coarse, fine = random_rows(50)
    rows = [3 * landmarks - 1, 5 + 2 * coarse, 0.5 * fine - 7]
    standardize = standardization(rows, clip=2.0)
    share = np.full(3, 1 / 3)
    before = network(standardize(rows))[0].numpy()
    before -= before.mean(axis=1, keepdims=True)
    after = deployed(network, share, 0.0, standardize)(standardize.deployed(rows)).numpy()
    np.testing.assert_allclose(after, before, atol=1e-4)


def test_without_maps(network):
    plain = build_model(LENGTHS[:1], 3, SMALL)
    (landmarks, *_), standardize = random_rows(5), not_standardized(1)
    before = plain([landmarks])[0].numpy()
    after = deployed(plain, np.full(3, 1 / 3), 0.0, standardize)([landmarks]).numpy()
    np.testing.assert_allclose(after, before - before.mean(axis=1, keepdims=True), atol=1e-5)
