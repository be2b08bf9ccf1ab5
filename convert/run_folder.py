"""The run folder of ``mien train fit``: it has plain files, so that ``train`` is not needed to read it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError, as_data_error
from edge.core.quantize import MeanStd
from edge.core.types import Input
from edge.head.inputs import INPUTS, deployed
from edge.landmarks.models import model_hashes

FILES = ("run.json", "fit.npz", "model.keras")
"""Files that a run folder must have."""

_INFO_KEYS = "landmarks settings teachers best_epoch temperature min_confidence versions rows".split()
"""Keys of ``run.json`` that the bundle needs."""
_LANDMARKS_KEYS = "data preparation landmark_models detection views skipped created".split()
"""Keys of ``landmarks`` in ``run.json`` that the bundle needs."""
_SETTINGS_KEYS = ("selective_accuracy", "truth")
"""Keys of ``settings`` in ``run.json`` that the bundle needs."""


@dataclass(frozen=True, slots=True)
class SplitFaces:
    """The N faces of a split that was not trained on, those that were not found included."""

    inputs: dict[str, NDArray[Any]]
    """(N, …) for each input by its name, not standardized; floats may have 16 bits."""
    label: NDArray[np.int64]
    """int64 (N,), index of the true class."""
    found: NDArray[np.bool_]
    """bool (N,), whether a face was found."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The content of a run folder, which a bundle is made from."""

    model: keras.Model
    """(N, …) for each input, as ``deployed`` gives it → float32 (N, C) logits."""
    info: dict[str, Any]
    """Content of ``run.json``."""
    labels: tuple[str, ...]
    """Names of the C classes."""
    statistics: dict[str, MeanStd]
    """Mean and standard deviation of each input, in the network's order; ``edge.head.inputs.deployed``."""
    clip: float
    """Limit of the inputs: ± this many standard deviations."""
    calibration: dict[str, NDArray[Any]]
    """(K, …) for each input, not standardized, of K training faces."""
    validation: SplitFaces
    """The validation faces that were found."""
    evaluation: dict[str, SplitFaces]
    """The faces of each evaluation split by its name."""

    def device_inputs(self) -> tuple[Input, ...]:
        """The network's inputs as the device computes them.

        Raises:
            DataError: the device computes other inputs, or has other face models than the training.
        """
        given = {entry["name"]: entry for entry in self.info["inputs"]}
        known = tuple(INPUTS[name] for name in given if name in INPUTS)
        shapes = {name: list(values.shape[1:]) for name, values in self.calibration.items()}
        if [list(each.shape) for each in known] != list(shapes.values()):
            takes = " and ".join(f"{name} {shape}" for name, shape in shapes.items())
            raise DataError(
                f"this network takes {takes}, which the device does not compute: train on landmarks that "
                "mien train extract found in pictures, with this version"
            )
        versions = [given[each.name].get("version") for each in known]
        if self.info["landmarks"]["landmark_models"] != model_hashes() or versions != [
            each.version for each in known
        ]:
            raise DataError(
                "this network was trained on other face models or inputs than the device has: "
                "extract and train again"
            )
        return known

    def predict(self, inputs: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Logits float32 (N, C) for (N, …) for each input, not standardized."""
        logits: NDArray[np.float32] = self.model.predict([*self.deployed(inputs).values()], verbose=0)
        return logits

    def deployed(self, inputs: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """(N, …) for each input, not standardized → the network's inputs."""
        return deployed(inputs, self.statistics, self.clip)


def read_run_folder(path: Path) -> RunFolder:
    """Read and check a run folder.

    Raises:
        DataError: a file is missing, damaged, or not what ``fit`` writes.
    """
    for name in FILES:
        if not (path / name).is_file():
            raise DataError(f"{path} is no run folder: {name} is missing; mien train fit makes one")
    with as_data_error(f"run folder {path} is damaged", "train again"):
        info = json.loads((path / "run.json").read_text())
        with (path / "fit.npz").open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        model = keras.saving.load_model(path / "model.keras", compile=False)
        run = _assemble(info, arrays, model)
        missing = [key for key in _INFO_KEYS if key not in info]
        missing += [key for key in _LANDMARKS_KEYS if key not in info["landmarks"]]
        missing += [key for key in _SETTINGS_KEYS if key not in info["settings"]]
        if missing:
            raise ValueError(f"run.json lacks {', '.join(missing)}")
        return run


def _assemble(info: dict[str, Any], arrays: dict[str, Any], model: keras.Model) -> RunFolder:
    names = [entry["name"] for entry in info["inputs"]]

    def inputs(place: str) -> dict[str, NDArray[Any]]:
        return {name: arrays[f"{place}/{name}"] for name in names}

    number = arrays["validation/number"]
    run = RunFolder(
        model=model,
        info=info,
        labels=tuple(info["labels"]),
        statistics={name: MeanStd(arrays[f"mean/{name}"], arrays[f"std/{name}"]) for name in names},
        clip=float(arrays["clip"]),
        calibration=inputs("calibration"),
        validation=SplitFaces(inputs("validation"), number, np.ones(len(number), bool)),
        evaluation={
            split: SplitFaces(
                inputs(f"evaluation/{split}"),
                arrays[f"evaluation/{split}/number"],
                arrays[f"evaluation/{split}/found"],
            )
            for split in info["rows"]["evaluation"]
        },
    )
    for name, matrix in run.calibration.items():
        alone = name in INPUTS and not INPUTS[name].standardized
        given = {values.shape for values in run.statistics[name]}
        if given != {(1,) if alone else matrix.shape[1:]}:
            raise ValueError(f"fit.npz has means or deviations of {name} of the shapes {given}")
    shapes = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
    expected = [(None, *matrix.shape[1:]) for matrix in run.calibration.values()] + [(None, len(run.labels))]
    if shapes != expected:
        raise ValueError(f"model.keras has the shapes {shapes}, expected {expected}")
    return run
