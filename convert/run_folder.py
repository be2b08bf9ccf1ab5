"""Read the run folder of ``python -m train fit``: plain files, so that ``train`` is not needed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.core import features
from edge.core.errors import DataError, first_line
from edge.core.quantize import deployed_inputs
from edge.landmarks.models import EMBEDDING_TENSORS, model_hashes

_TENSORS = list(EMBEDDING_TENSORS)

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

    inputs: list[NDArray[Any]]
    """float16 or float32 (N, F) for each input, not standardized."""
    label: NDArray[np.int64]
    found: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Run:
    """All that a bundle is made from."""

    model: keras.Model
    """float32 (N, F) for each input, as ``deployed_inputs`` gives them → float32 (N, C) logits."""
    info: dict[str, Any]
    """``run.json``"""
    labels: tuple[str, ...]
    inputs: tuple[str, ...]
    """Names of the inputs, see ``edge.core.features``."""
    mean: list[NDArray[np.float32]]
    """(F,) of the landmarks, (1,) of a feature map."""
    std: list[NDArray[np.float32]]
    clip: float
    """Features were cut off at ± this many standard deviations."""
    calibration: list[NDArray[Any]]
    """(K, F) for each input, not standardized, training rows only."""
    validation: Evaluation
    """Faces found only."""
    evaluation: dict[str, Evaluation]
    """By split."""

    @property
    def feature_version(self) -> int:
        """The version whose inputs these are.

        Raises:
            DataError: there is none, or they came from other face models: the network cannot run on
                the device.
        """
        source = self.info["landmarks"]
        lengths = [int(tensor.shape[1]) for tensor in self.model.inputs]
        for version, names in features.INPUTS.items():
            if names == self.inputs and lengths == [features.LENGTHS[name] for name in names]:
                tensors = source.get("embedding_tensors") if len(names) > 1 else _TENSORS
                if source["landmark_models"] != model_hashes() or tensors != _TENSORS:
                    raise DataError(
                        "this network was trained on other face models or feature maps than the device "
                        "runs: extract and train again"
                    )
                return version
        raise DataError(
            f"this network takes {' and '.join(self.inputs)} of {lengths} numbers, which the device does not "
            "compute: train on landmarks that python -m train extract found in pictures, with this version"
        )

    def predict(self, inputs: list[NDArray[Any]]) -> NDArray[np.float32]:
        """Logits float32 (N, C) for (N, F) each."""
        logits: NDArray[np.float32] = self.model.predict(self.deployed_inputs(inputs), verbose=0)
        return logits

    def deployed_inputs(self, inputs: list[NDArray[Any]]) -> list[NDArray[np.float32]]:
        """(N, F) for each input → what the network takes."""
        return deployed_inputs(inputs, self.mean, self.std, self.clip)


def read_run(path: Path) -> Run:
    """Read and check a run folder.

    Raises:
        DataError: a file is missing or damaged, or of another kind.
    """
    for name in FILES:
        if not (path / name).is_file():
            raise DataError(f"{path} is no run folder: {name} is missing; python -m train fit makes one")
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
    names = tuple(entry["name"] for entry in info["inputs"])

    def inputs(place: str) -> list[NDArray[Any]]:
        return [arrays[f"{place}/{name}"] for name in names]

    number = arrays["validation/number"]
    run = Run(
        model=model,
        info=info,
        labels=tuple(info["labels"]),
        inputs=names,
        mean=inputs("mean"),
        std=inputs("std"),
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
    for values in (run.mean, run.std):
        given = [matrix.shape for matrix in values]
        if given != [(run.calibration[0].shape[1],), *[(1,)] * (len(names) - 1)]:
            raise ValueError(f"fit.npz has means or deviations of the shapes {given}")
    shapes = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
    expected = [(None, matrix.shape[1]) for matrix in run.calibration] + [(None, len(run.labels))]
    if shapes != expected:
        raise ValueError(f"model.keras has the shapes {shapes}, expected {expected}")
    return run
