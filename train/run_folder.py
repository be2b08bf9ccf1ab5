"""The run folder of ``fit`` and ``fuse``: a trained network, the arrays that convert needs, and figures."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.core.files import replacing_folder
from train.dataset.inputs import Inputs, Standardization
from train.dataset.labelled_faces import LabelledFaces
from train.network.initial_weights import Weights, write_weights
from train.npz import write_npz
from train.report import report
from train.report.results import SplitResult

INFO_FILE = "run.json"
"""File of the run's origin, settings and calibration."""
ARRAYS_FILE = "fit.npz"
"""File of the calibration, validation and evaluation rows for convert."""
MODEL_FILE = "model.keras"
"""File of the deployed network."""


def write_run(
    out: Path,
    model: keras.Model,
    arrays: dict[str, NDArray[Any]],
    info: dict[str, Any],
    history: list[dict[str, float]],
    splits: list[SplitResult],
    weights: Weights | None = None,
) -> None:
    """Write the run folder, whole or not at all, and print a line for each split.

    Args:
        out: must not be there.
        model: the network that is deployed.
        arrays: for ``ARRAYS_FILE``.
        info: for ``INFO_FILE``.
        history: figures of each epoch.
        splits: answers of the network, validation first.
        weights: as they were trained, for ``fit --start``; None: a fused network has none.

    Raises:
        FileExistsError: something has come to ``out`` meanwhile; the message says where the run is.
        OSError: a full disk, for instance; nothing is left behind.
    """
    with replacing_folder(out, only_new=True) as run:
        model.save(run / MODEL_FILE)
        if weights is not None:
            write_weights(run, weights)
        write_npz(run / ARRAYS_FILE, arrays)
        report.save(run, info, history, splits)
    print(report.summary(splits, info["labels"]))


def arrays_for_convert(
    data: LabelledFaces, inputs: Inputs, standardize: Standardization, calibration: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Content of ``ARRAYS_FILE``: the standardization, and rows to calibrate, to compare and to score.

    Args:
        data: N faces.
        inputs: (N, …) for each input of the network.
        standardize: the standardization before the network.
        calibration: rows for convert's calibration.
    """
    number = data.truth.number

    def rows(place: str, index: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        return {f"{place}/{name}": values[index] for name, values in inputs.items()}

    arrays: dict[str, NDArray[Any]] = {"clip": np.array(standardize.clip)}
    for name, (mean, std) in standardize.by.items():
        arrays |= {f"mean/{name}": mean, f"std/{name}": std}
    arrays |= rows("calibration", calibration) | rows("validation", data.validation)
    arrays["validation/number"] = number[data.validation]
    for split, index in data.split.evaluation.items():
        arrays |= rows(f"evaluation/{split}", index)
        arrays[f"evaluation/{split}/number"] = number[index]
        arrays[f"evaluation/{split}/found"] = data.faces.found[index]
    return arrays
