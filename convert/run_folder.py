"""Read the run folder of ``python -m train fit``: plain files, so that ``train`` is not needed."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.core import features
from edge.core.errors import DataError

FILES = ("run.json", "fit.npz", "model.keras")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One split that was not trained on, faces that were not found included."""

    features: NDArray[np.float32]
    """float32 (N, F), not standardized."""
    label: NDArray[np.int64]
    found: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Run:
    """All that a bundle is made from."""

    model: keras.Model
    """float32 (N, F) standardized → float32 (N, C) logits."""
    info: dict[str, Any]
    """``run.json``"""
    labels: tuple[str, ...]
    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    clip: float
    """Standardized features were cut off at ± this."""
    calibration: NDArray[np.float32]
    """float32 (K, F), not standardized, training rows only."""
    validation: Evaluation
    """Faces found only."""
    evaluation: dict[str, Evaluation]
    """By split."""

    def standardize(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 (N, F) → float32 (N, F), as in training."""
        result: NDArray[np.float32] = np.clip((matrix - self.mean) / self.std, -self.clip, self.clip)
        return result


def read_run(path: Path) -> Run:
    """Read and check a run folder.

    Raises:
        DataError: a file is missing or damaged, or it was made for another feature version.
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
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"run folder {path} is damaged ({reason}): train again") from None
    version = info["features"]["version"]
    if version != features.VERSION:
        raise DataError(
            f"run {path} was trained on feature version {version}, this program computes version "
            f"{features.VERSION}: train again"
        )
    return run


def _assemble(info: dict[str, Any], arrays: dict[str, Any], model: keras.Model) -> Run:
    validation = arrays["validation"]
    run = Run(
        model=model,
        info=info,
        labels=tuple(info["labels"]),
        mean=arrays["mean"],
        std=arrays["std"],
        clip=float(arrays["clip"]),
        calibration=arrays["calibration"],
        validation=Evaluation(
            validation, arrays["validation_label"].astype(np.int64), np.ones(len(validation), bool)
        ),
        evaluation={
            split: Evaluation(
                arrays[f"evaluation/{split}"],
                arrays[f"evaluation_label/{split}"].astype(np.int64),
                arrays[f"evaluation_found/{split}"],
            )
            for split in info["rows"]["evaluation"]
        },
    )
    if model.input_shape != (None, len(run.mean)) or model.output_shape != (None, len(run.labels)):
        raise ValueError(
            f"model.keras maps {model.input_shape} to {model.output_shape}, "
            f"expected {len(run.mean)} features to {len(run.labels)} labels"
        )
    return run
