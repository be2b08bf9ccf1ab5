"""Strategies against classes of unequal size."""

import numpy as np
import pytest

from train.dataset.balance import STRATEGIES, epoch_order, row_weights

SIZES = (10, 3, 1, 6)


class TestBalance:
    number = np.repeat(np.arange(4), SIZES)

    def counts(self, strategy, seed=0):
        order = epoch_order(self.number, strategy, np.random.default_rng(seed))
        return order, np.bincount(self.number[order], minlength=4).tolist()

    @pytest.mark.parametrize("strategy", ["none", "weights", "focal"])
    def test_every_row_once(self, strategy):
        order, _ = self.counts(strategy)
        assert sorted(order.tolist()) == list(range(20))

    def test_oversample(self):
        order, counts = self.counts("oversample")
        assert counts == [10] * 4
        repeated = np.bincount(order, minlength=20)
        assert set(repeated[:10]) == {1}
        assert sorted(repeated[10:13]) == [3, 3, 4]
        assert repeated[13] == 10

    def test_undersample(self):
        number = np.repeat(np.arange(3), (10, 4, 6))
        seen = set()
        for seed in range(30):
            order = epoch_order(number, "undersample", np.random.default_rng(seed))
            assert len(set(order.tolist())) == len(order)
            assert np.bincount(number[order]).tolist() == [4, 4, 4]
            seen |= set(order.tolist())
        assert seen == set(range(20))  # other rows in other epochs

    def test_batches(self):
        order, counts = self.counts("batches")
        assert counts == [5] * 4
        assert len(order) == 20

    def test_a_class_without_rows_is_excluded(self):
        order = epoch_order(np.array([0, 0, 2]), "oversample", np.random.default_rng(0))
        assert sorted(order.tolist())[-2:] == [2, 2]

    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_shuffled_by_the_generator(self, strategy):
        first, again, other = (self.counts(strategy, seed)[0].tolist() for seed in (0, 0, 1))
        assert first == again != other

    def test_weights(self):
        weights = row_weights(self.number, "weights")
        assert weights.dtype == np.float32
        assert weights.mean() == pytest.approx(1)
        sums = [weights[self.number == label].sum() for label in range(4)]
        assert np.allclose(sums, 5)
        for strategy in set(STRATEGIES) - {"weights"}:
            assert (row_weights(self.number, strategy) == 1).all()
