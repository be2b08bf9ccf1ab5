"""The network's shape, and what leaves the training."""

import keras
import numpy as np
import pytest

from edge.core import features
from edge.core.quantize import softmax
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


def test_every_map_takes_part(network):
    rng = np.random.default_rng(0)
    landmarks, embedding = (rng.normal(size=(1, length)).astype(np.float32) for length in LENGTHS)
    before = network([landmarks, embedding])[0].numpy()
    border = int(np.prod(features.EMBEDDING_SHAPES[0]))
    for part in (slice(0, border), slice(border, None)):
        changed = embedding.copy()
        changed[:, part] += 1
        assert np.abs(network([landmarks, changed])[0].numpy() - before).max() > 1e-3
    assert np.abs(network([landmarks + 1, embedding])[0].numpy() - before).max() > 1e-3


def test_the_adjustment_moves_answers_towards_rare_classes(network):
    rows = [np.random.default_rng(0).normal(size=(5, length)).astype(np.float32) for length in LENGTHS]
    before = softmax(network(rows)[0].numpy())
    share = np.array([0.7, 0.2, 0.1])
    after = deployed(network, share, adjustment=0.5)(rows).numpy()
    np.testing.assert_allclose(after.mean(axis=1), 0, atol=1e-5)
    expected = before / share**0.5
    np.testing.assert_allclose(softmax(after), expected / expected.sum(axis=1, keepdims=True), rtol=1e-4)
