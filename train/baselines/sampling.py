"""Random over- and undersampling, for classes of unequal size."""

from typing import Any

import numpy as np
from imblearn.over_sampling import RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from numpy.typing import NDArray

from train.baselines.estimators import SEED

_SAMPLERS: dict[str, Any] = {"oversample": RandomOverSampler, "undersample": RandomUnderSampler}


def resampled(number: NDArray[np.int64], strategy: str) -> NDArray[np.int64]:
    """Rows that make all classes equally large: int64 (M,).

    Args:
        number: int64 (N,), the classes.
        strategy: ``oversample``: rows of small classes are repeated; ``undersample``: rows of large ones
            are left out.
    """
    sampler = _SAMPLERS[strategy](random_state=SEED)
    sampler.fit_resample(np.arange(len(number))[:, None], number)
    return np.asarray(sampler.sample_indices_)
