"""One step of the training."""

from dataclasses import replace

import numpy as np
import pytest

from edge.core.quantize import softmax
from train.network.model import build_model
from train.network.trainer import Batch, Trainer
from train.settings import TrainingSettings

SETTINGS = TrainingSettings(
    inputs=("landmarks",), hidden=(8,), batch=4, epochs=2, votes_weight=1.0, dropout=0.0
)
FACES = [np.random.default_rng(0).standard_normal((4, 5), np.float32)]
TARGET = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]


def trainer(settings):
    """A trainer, and the network that it trains; the one with averaged weights is built first."""
    networks = []

    def build():
        networks.append(build_model({"landmarks": (5,)}, 3, settings))
        return networks[-1]

    return Trainer(build, steps=4, settings=settings), networks[-1]


def test_rows_without_votes_do_not_move_the_head_of_the_votes():
    trained, network = trainer(SETTINGS)
    votes, weight = np.zeros((4, 8), np.float32), np.ones(4, np.float32)
    head = network.layers[-1]
    before = [values.copy() for values in head.get_weights()]
    for _ in range(3):
        trained.step(Batch(FACES, TARGET, votes, weight))
    kernel, bias = head.get_weights()
    np.testing.assert_allclose(bias, before[1], atol=1e-7)
    np.testing.assert_allclose(kernel, before[0], rtol=1e-4)  # but for AdamW's decay
    votes[:, 2] = 1
    trained.step(Batch(FACES, TARGET, votes, weight))
    assert head.get_weights()[1].argmax() == 2


@pytest.mark.parametrize(("balance", "exponent"), [("none", 0), ("focal", 2)])
def test_the_focal_loss_counts_less_what_is_right_already(balance, exponent):
    trained, network = trainer(replace(SETTINGS, balance=balance))
    right = softmax(network(FACES, training=True)[0].numpy())[np.arange(4), TARGET.argmax(axis=1)]
    weight = np.array([1, 2, 0, 1], np.float32)
    loss = trained.step(Batch(FACES, TARGET, np.zeros((4, 8), np.float32), weight))
    assert loss == pytest.approx((weight * (1 - right) ** exponent * -np.log(right)).mean(), rel=1e-4)
