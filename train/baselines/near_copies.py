"""Evaluation faces that look like a training face, such as another crop of the same photograph.

A comparison of pixels finds copies, not these; a method that remembers faces is right on them.
"""

import functools

import numpy as np
from numpy.typing import NDArray

from train.baselines.data import Problem

CORRELATION = 0.9
"""Two faces whose aligned textures correlate so much are near copies."""
_BLOCK = 1024
"""Training faces that are compared at once."""


@functools.lru_cache(maxsize=1)
def near_copies(problem: Problem) -> NDArray[np.bool_]:
    """Which of the N rows are evaluation rows that look like a training row: bool (N,).

    Args:
        problem: data with textures, and its split.

    Raises:
        DataError: a shard is damaged.
    """
    texture, found = problem.data.texture, problem.data.faces.found
    index = np.concatenate(list(problem.split.evaluation.values()))
    evaluation, training = index[found[index]], problem.split.training[found[problem.split.training]]
    result = np.zeros(len(found), bool)
    if not len(evaluation):
        return result
    ours = _standardized(texture[evaluation])
    correlation = np.full(len(evaluation), -1, np.float32)
    for start in range(0, len(training), _BLOCK):
        theirs = _standardized(texture[training[start : start + _BLOCK]])
        correlation = np.maximum(correlation, (ours @ theirs.T).max(axis=1))
    result[evaluation] = correlation >= CORRELATION
    return result


def _standardized(texture: NDArray[np.float16]) -> NDArray[np.float32]:
    """Textures (N, …) as vectors (N, F) whose products are their correlations."""
    values = texture.reshape(len(texture), -1).astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    values /= np.linalg.norm(values, axis=1, keepdims=True).clip(1e-6)
    return values
