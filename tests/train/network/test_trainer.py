"""One step of the training."""

import numpy as np

from train.network.model import build_model
from train.network.trainer import Batch, Trainer
from train.settings import TrainingSettings

SETTINGS = TrainingSettings(inputs=("landmarks",), hidden=(8,), batch=4, epochs=2, votes_weight=1.0)


def test_rows_without_votes_do_not_move_the_head_of_the_votes():
    networks = []

    def build():
        networks.append(build_model({"landmarks": (5,)}, 3, SETTINGS))
        return networks[-1]

    trainer = Trainer(build, steps=4, settings=SETTINGS)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 5), np.float32)
    target = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    votes, weight = np.zeros((4, 8), np.float32), np.ones(4, np.float32)
    head = networks[-1].layers[-1]  # of the network that is trained; the averaged one is built first
    before = [values.copy() for values in head.get_weights()]
    for _ in range(3):
        trainer.step(Batch([x], target, votes, weight))
    kernel, bias = head.get_weights()
    np.testing.assert_allclose(bias, before[1], atol=1e-7)
    np.testing.assert_allclose(kernel, before[0], rtol=1e-4)  # but for AdamW's decay
    votes[:, 2] = 1
    trainer.step(Batch([x], target, votes, weight))
    assert head.get_weights()[1].argmax() == 2
