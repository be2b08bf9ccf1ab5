"""The epochs of a training, and going on after a stop."""

import json

import numpy as np
import pytest

from train.network.checkpoint import Checkpoint
from train.network.epochs import learn, validation_scores
from train.settings import TrainingSettings

SETTINGS = TrainingSettings(epochs=5)


class Stopped(Exception):
    """What a test stops a training with."""


class Sums:
    """In place of a trainer: its only weight is the sum of the batches."""

    def __init__(self):
        self.sum, self.steps = 0.0, 0

    def step(self, batch):
        self.sum, self.steps = self.sum + batch, self.steps + 1
        return self.sum

    def average(self):
        return [np.array(self.sum)]

    def state(self):
        return [np.array(self.sum)], self.steps

    def restore(self, arrays, steps):
        self.sum, self.steps = float(arrays[0]), steps


def batches(epoch, rng):
    for _ in range(6):
        yield rng.random()


def judged(losses):
    """A judge with these losses; an exception among them is raised."""
    remaining = iter(losses)

    def judge():
        loss = next(remaining)
        if isinstance(loss, Exception):
            raise loss
        return loss, 0.5

    return judge


def test_a_stopped_training_ends_as_one_that_was_not(tmp_path, capsys):
    losses = [5.0, 3.0, 4.0, 2.0, 6.0]
    whole, best = learn(Sums(), SETTINGS, batches, judged(losses), Checkpoint(tmp_path / "a", {}))
    kept = Checkpoint(tmp_path / "b", {})
    with pytest.raises(Stopped):
        learn(Sums(), SETTINGS, batches, judged([5.0, 3.0, Stopped()]), kept)
    progress, best_again = learn(
        Sums(), SETTINGS, batches, judged(losses[2:]), Checkpoint(tmp_path / "b", {})
    )
    assert "going on after epoch 2\n" in capsys.readouterr().out
    assert (progress.best_epoch, progress.best_loss, progress.steps) == (4, 2.0, 30)
    assert [entry["loss"] for entry in progress.history] == [entry["loss"] for entry in whole.history]
    for one, other in zip(best, best_again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_patience_counts_over_a_stop(tmp_path):
    settings = TrainingSettings(epochs=9, patience=2)
    with pytest.raises(Stopped):
        learn(Sums(), settings, batches, judged([1.0, 2.0, Stopped()]), Checkpoint(tmp_path / "r", {}))
    progress, _ = learn(Sums(), settings, batches, judged([3.0]), Checkpoint(tmp_path / "r", {}))
    assert [entry["validation_loss"] for entry in progress.history] == [1.0, 2.0, 3.0]
    assert progress.best_epoch == 1


def test_validation_scores():
    logits = np.log(np.array([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]], np.float32))
    assert validation_scores(logits, np.array([0, 1])) == pytest.approx((-np.log([0.5, 0.1]).mean(), 0.5))


class TestCheckpoint:
    ARRAYS = (np.arange(3), np.ones((2, 2), np.float32))

    def test_what_was_saved_comes_back(self, tmp_path):
        Checkpoint(tmp_path / "run", {"a": 1}).save([*self.ARRAYS], {"steps": 3})
        arrays, progress = Checkpoint(tmp_path / "run", {"a": 1}).load()
        assert progress == {"steps": 3}
        for one, other in zip(arrays, self.ARRAYS, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_that_of_another_training_is_none(self, tmp_path):
        Checkpoint(tmp_path / "run", {"a": 1}).save([*self.ARRAYS], {})
        assert Checkpoint(tmp_path / "run", {"a": 2}).load() is None

    @pytest.mark.parametrize("keep", [0, 10, 300])
    def test_a_damaged_one_is_none(self, tmp_path, keep):
        checkpoint = Checkpoint(tmp_path / "run", {})
        checkpoint.save([*self.ARRAYS], {})
        checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:keep])
        assert checkpoint.load() is None

    def test_one_without_arrays_is_none(self, tmp_path):
        checkpoint = Checkpoint(tmp_path / "run", {})
        head = {"training": "{}", "arrays": 2, "progress": {}}
        np.savez(checkpoint.path, head=np.array(json.dumps(head)))
        assert checkpoint.load() is None
