"""Random over- and undersampling by imbalanced-learn; where it is not installed, by scikit-learn."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import resample

from edge.core.runtime import package_version
from train.baselines.estimators import SEED


def resampled(number: NDArray[np.int64], strategy: str) -> tuple[NDArray[np.int64], str]:
    """Rows that make all classes equally large.

    Args:
        number: int64 (N,), the classes.
        strategy: ``oversample``: rows of small classes are repeated; ``undersample``: rows of large ones
            are left out.

    Returns:
        Indices int64 (M,), and the library that chose them.
    """
    try:
        from imblearn.over_sampling import RandomOverSampler
        from imblearn.under_sampling import RandomUnderSampler
    except ImportError:
        return _by_scikit_learn(number, strategy), "scikit-learn"
    sampler: Any = (RandomOverSampler if strategy == "oversample" else RandomUnderSampler)(random_state=SEED)
    sampler.fit_resample(np.arange(len(number))[:, None], number)
    return np.asarray(sampler.sample_indices_), f"imbalanced-learn {package_version('imbalanced-learn')}"


def _by_scikit_learn(number: NDArray[np.int64], strategy: str) -> NDArray[np.int64]:
    members = [np.flatnonzero(number == label) for label in np.unique(number)]
    sizes = [len(rows) for rows in members]
    if strategy == "undersample":
        drawn = [resample(rows, replace=False, n_samples=min(sizes), random_state=SEED) for rows in members]
    else:
        drawn = [
            np.concatenate([rows, resample(rows, n_samples=max(sizes) - len(rows), random_state=SEED)])
            if len(rows) < max(sizes)
            else rows
            for rows in members
        ]
    return np.concatenate(drawn)
