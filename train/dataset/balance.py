"""Strategies against classes of unequal size."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

STRATEGIES = ("none", "weights", "oversample", "undersample", "batches", "focal")
"""``none``: every row counts the same. ``weights``: a row counts (mean class size / size of its class) in
the loss. ``oversample``: rows of small classes are repeated until all classes are as large as the
largest. ``undersample``: in each epoch, of each class only as many rows as the smallest has.
``batches``: each row of a batch is drawn from a class drawn first; an epoch stays as long.
``focal``: rows that are already right count less (Lin et al., 2017, arXiv:1708.02002)."""

FOCAL_GAMMA = 2.0
"""Exponent of the focal loss."""


def epoch_order(number: NDArray[np.int64], strategy: str, rng: np.random.Generator) -> NDArray[np.int64]:
    """Indices, int64 (M,), of the rows of an epoch, shuffled. The classes are ``number``, int64 (N,)."""
    if strategy not in ("oversample", "undersample", "batches"):
        return rng.permutation(len(number))
    members = [np.flatnonzero(number == label) for label in np.unique(number)]
    sizes = [len(rows) for rows in members]
    size = {
        "oversample": max(sizes),
        "undersample": min(sizes),
        "batches": -(-len(number) // len(members)),
    }[strategy]
    return rng.permutation(np.concatenate([_drawn(rows, size, rng) for rows in members]))


def batches(order: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    """The rows of an epoch, int64 (M,), in batches of ``size``; an incomplete last batch is dropped."""
    for start in range(0, len(order) - size + 1, size):
        yield order[start : start + size]


def _drawn(rows: NDArray[np.int64], size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """``size`` of the rows, each as often as any other, give or take one."""
    rounds = [rng.permutation(rows) for _ in range(-(-size // len(rows)))]
    return np.concatenate(rounds)[:size]


def row_weights(number: NDArray[np.int64], strategy: str) -> NDArray[np.float32]:
    """Weight of each row in the loss, float32 (N,), mean 1."""
    if strategy != "weights":
        return np.ones(len(number), np.float32)
    sizes = np.bincount(number)
    weights = (1.0 / np.maximum(sizes, 1))[number]
    result: NDArray[np.float32] = (weights / weights.mean()).astype(np.float32)
    return result
