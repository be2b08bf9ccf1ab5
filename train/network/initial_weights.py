"""A training that starts from the network of another run: for other classes, or with fewer pictures."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError, as_data_error
from train.npz import read_npz, write_npz

WEIGHTS_FILE = "weights.npz"
"""File of a run folder: the weights as they were trained, before ``deployed_model`` changes them."""

_HEADS = 4
"""Number of arrays in the two last layers: kernel and bias for the classes, and for the votes."""

Weights = list[NDArray[np.float32]]


def write_weights(run: Path, weights: Weights) -> None:
    """Write trained weights into a run folder.

    Raises:
        OSError: a full disk, for instance.
    """
    write_npz(run / WEIGHTS_FILE, {str(number): array for number, array in enumerate(weights)})


def initial_weights(run: Path, fresh: Weights) -> Weights:
    """Weights of another run to start from; the last layers stay fresh where the classes differ.

    Args:
        run: run folder of ``fit``.
        fresh: weights of the network that is to be trained.

    Raises:
        DataError: no run folder of ``fit``, or a network with other inputs or sizes.
    """
    if parts := _fused_runs(run):
        raise DataError(
            f"{run} is a fused run, which a training cannot start from: start from one of the runs that it "
            f"was made of ({', '.join(parts)})"
        )
    with as_data_error(f"{run} is no whole run folder of fit to start from", "train it again"):
        given = [*read_npz(run / WEIGHTS_FILE).values()]
    fits = [old.shape == new.shape for old, new in zip(given, fresh, strict=False)]
    if len(given) != len(fresh) or not all(fits[:-_HEADS]):
        raise DataError(
            f"the network of {run} has other inputs or sizes: give the --set that it was trained with"
        )
    return [old if fit else new for old, new, fit in zip(given, fresh, fits, strict=True)]


def _fused_runs(run: Path) -> list[str]:
    """Names of the runs that a fused run was made of; empty for any other folder."""
    try:
        return [part["name"] for part in json.loads((run / "run.json").read_text())["fused"]]
    except (LookupError, OSError, RecursionError, TypeError, ValueError):
        return []
