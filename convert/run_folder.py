"""Read the run folder of ``mien train fit``: plain files, so that ``train`` is not needed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError, first_line
from edge.core.quantize import MeanStd
from edge.core.types import Input
from edge.head.inputs import INPUTS, deployed
from edge.landmarks.models import model_hashes

FILES = ("run.json", "fit.npz", "model.keras")


_INFO_KEYS = (
    "landmarks",
    "settings",
    "teachers",
    "best_epoch",
    "temperature",
    "min_confidence",
    "versions",
    "rows",
)
"""What the bundle takes over from ``run.json``."""


_LANDMARKS_KEYS = (
    "data",
    "preparation",
    "landmark_models",
    "detection",
    "views",
    "skipped",
    "created",
)
"""What the bundle takes over from the landmarks folder."""

_SETTINGS_KEYS = ("selective_accuracy", "truth")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One split that was not trained on, faces that were not found included."""

    inputs: dict[str, NDArray[Any]]
    """(N, …) for each input by its name, not standardized; floats may have 16 bits."""
    label: NDArray[np.int64]
    found: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Run:
    """All that a bundle is made from."""

    model: keras.Model
    """(N, …) for each input, as ``deployed`` gives them → float32 (N, C) logits."""
    info: dict[str, Any]
    """``run.json``"""
    labels: tuple[str, ...]
    statistics: dict[str, MeanStd]
    """Of each input by its name, in the network's order: see ``edge.head.inputs.deployed``."""
    clip: float
    """Inputs were cut off at ± this many standard deviations."""
    calibration: dict[str, NDArray[Any]]
    """(K, …) for each input, not standardized, training rows only."""
    validation: Evaluation
    """Faces found only."""
    evaluation: dict[str, Evaluation]
    """By split."""

    def device_inputs(self) -> tuple[Input, ...]:
        """What the network takes, as the device gives it.

        Raises:
            DataError: the device does not, or it was trained on what other face models gave.
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
        """Logits float32 (N, C) for (N, …) each."""
        logits: NDArray[np.float32] = self.model.predict([*self.deployed(inputs).values()], verbose=0)
        return logits

    def deployed(self, inputs: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """(N, …) for each input → what the network takes."""
        return {
            name: deployed(name, values, self.statistics[name], self.clip) for name, values in inputs.items()
        }


def read_run(path: Path) -> Run:
    """Read and check a run folder.

    Raises:
        DataError: a file is missing or damaged, or of another kind.
    """
    for name in FILES:
        if not (path / name).is_file():
            raise DataError(f"{path} is no run folder: {name} is missing; mien train fit makes one")
    try:
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
    except Exception as error:  # a flipped bit raises anything from zlib.error to SyntaxError
        reason = first_line(error)
        raise DataError(f"run folder {path} is damaged ({reason}): train again") from None
    return run


def _assemble(info: dict[str, Any], arrays: dict[str, Any], model: keras.Model) -> Run:
    names = [entry["name"] for entry in info["inputs"]]

    def inputs(place: str) -> dict[str, NDArray[Any]]:
        return {name: arrays[f"{place}/{name}"] for name in names}

    number = arrays["validation/number"]
    run = Run(
        model=model,
        info=info,
        labels=tuple(info["labels"]),
        statistics={name: MeanStd(arrays[f"mean/{name}"], arrays[f"std/{name}"]) for name in names},
        clip=float(arrays["clip"]),
        calibration=inputs("calibration"),
        validation=Evaluation(inputs("validation"), number, np.ones(len(number), bool)),
        evaluation={
            split: Evaluation(
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
