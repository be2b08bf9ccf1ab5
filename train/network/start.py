"""A training that starts from the network of another one: for other classes, or for fewer pictures."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError, first_line
from train.dataset.landmarks_folder import write_npz

WEIGHTS_FILE = "weights.npz"
"""Of a run folder: those that were trained, before ``train.network.model.deployed`` changes them."""

_HEADS = 4
"""Arrays of the two last layers: kernel and bias for the classes, and for the votes."""

Weights = list[NDArray[np.float32]]


def write_weights(run: Path, weights: Weights) -> None:
    """Write them into a run folder.

    Raises:
        OSError: a full disk, for instance.
    """
    write_npz(run / WEIGHTS_FILE, {str(number): array for number, array in enumerate(weights)})


def started(run: Path, fresh: Weights) -> Weights:
    """The weights of another run in place of fresh ones; where there are other classes, not the last layers.

    Args:
        run: run folder of ``fit``.
        fresh: of the network that is to be trained.

    Raises:
        DataError: no such run folder, or a network of other inputs or sizes.
    """
    try:
        with (run / WEIGHTS_FILE).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            given = [np.asarray(archive[str(number)]) for number in range(len(archive.files))]
    except Exception as error:  # a flipped bit in an npz raises anything from zlib.error to SyntaxError
        raise DataError(
            f"{run} is no whole run folder of fit to start from ({first_line(error)}): train it again"
        ) from None
    fits = [old.shape == new.shape for old, new in zip(given, fresh, strict=False)]
    if len(given) != len(fresh) or not all(fits[:-_HEADS]):
        raise DataError(
            f"the network of {run} has other inputs or sizes: give the --set that it was trained with"
        )
    return [old if fit else new for old, new, fit in zip(given, fresh, fits, strict=True)]
