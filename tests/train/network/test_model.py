"""The network's shape, and what leaves the training."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from edge.core.errors import ConfigError
from edge.core.quantize import MeanStd, softmax
from edge.head.inputs import INPUTS
from train.dataset.inputs import Standardization, standardization
from train.network.model import build_model, deployed_model
from train.settings import TrainingSettings

SMALL = TrainingSettings(hidden=(12, 8), channels=(4, 6), bottleneck=5, texture_channels=(3, 4, 5))
SHAPES = {name: entry.shape for name, entry in INPUTS.items()}
AS_TRAINED = replace(SMALL, logit_adjustment=0.0)
ALONE = {"landmarks": SHAPES["landmarks"]}


@pytest.fixture
def network():
    keras.utils.set_random_seed(0)
    return build_model(SHAPES, 3, SMALL)


def test_two_tasks(network):
    rows = [np.ones((2, *shape), np.float32) for shape in SHAPES.values()]
    classes, votes = network(rows)
    assert [tensor.name for tensor in network.inputs] == list(SHAPES)
    assert (classes.shape, votes.shape) == ((2, 3), (2, 8))


@pytest.mark.parametrize("names", [["landmarks"], ["fine_map"], ["texture"], ["fine_map", "landmarks"]])
def test_any_inputs_in_any_order(names):
    network = build_model({name: SHAPES[name] for name in names}, 7, SMALL)
    rows = [np.ones((2, *SHAPES[name]), np.float32) for name in names]
    assert network(rows)[0].shape == (2, 7)


def random_rows(count, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(count, *shape)).astype(np.float32) for shape in SHAPES.values()]


def test_every_input_takes_part(network):
    rows = random_rows(1)
    before = network(rows)[0].numpy()
    for place in range(len(rows)):
        changed = [values + (n == place) for n, values in enumerate(rows)]
        assert np.abs(network(changed)[0].numpy() - before).max() > 1e-3


def not_standardized(names):
    return Standardization(
        {name: MeanStd(np.zeros(1, np.float32), np.ones(1, np.float32)) for name in names}, 100.0
    )


def test_the_adjustment_moves_answers_towards_rare_classes(network):
    rows = random_rows(5)
    before = softmax(network(rows)[0].numpy())
    share = np.array([0.7, 0.2, 0.1])
    after = deployed_model(network, share, replace(SMALL, logit_adjustment=0.5), not_standardized(SHAPES))(
        rows
    ).numpy()
    np.testing.assert_allclose(after.mean(axis=1), 0, atol=1e-5)
    expected = before / share**0.5
    np.testing.assert_allclose(softmax(after), expected / expected.sum(axis=1, keepdims=True), rtol=1e-4)


def test_what_goes_on_takes_maps_as_they_are(network):
    landmarks, coarse, fine, texture = random_rows(50)
    rows = dict(zip(SHAPES, (3 * landmarks - 1, 5 + 2 * coarse, 0.5 * fine - 7, texture), strict=True))
    standardize = standardization(rows, clip=2.0)
    share = np.full(3, 1 / 3)
    before = network([*standardize(rows).values()])[0].numpy()
    before -= before.mean(axis=1, keepdims=True)
    after = deployed_model(network, share, AS_TRAINED, standardize)(
        [*standardize.deployed(rows).values()]
    ).numpy()
    np.testing.assert_allclose(after, before, atol=1e-4)


def test_without_maps(network):
    plain = build_model(ALONE, 3, SMALL)
    (landmarks, *_), standardize = random_rows(5), not_standardized(ALONE)
    before = plain([landmarks])[0].numpy()
    after = deployed_model(plain, np.full(3, 1 / 3), AS_TRAINED, standardize)([landmarks]).numpy()
    np.testing.assert_allclose(after, before - before.mean(axis=1, keepdims=True), atol=1e-5)


def test_the_odds_multiply_those_of_the_answers(network):
    rows = random_rows(5)
    before = softmax(network(rows)[0].numpy())
    settings = replace(SMALL, labels=3, logit_adjustment=0.0, class_odds=(2.0, 1.0, 0.25))
    after = deployed_model(network, np.full(3, 1 / 3), settings, not_standardized(SHAPES))(rows).numpy()
    expected = before * (2.0, 1.0, 0.25)
    np.testing.assert_allclose(softmax(after), expected / expected.sum(axis=1, keepdims=True), rtol=1e-4)


@pytest.mark.parametrize("odds", [(1.0, 2.0), (1.0, 0.0, 1.0), (1.0, 1.0, float("nan"))])
def test_odds_are_one_number_above_0_for_each_class(odds):
    with pytest.raises(ConfigError, match="odds must be 3 numbers above 0, one for each class"):
        replace(SMALL, labels=3, class_odds=odds)
