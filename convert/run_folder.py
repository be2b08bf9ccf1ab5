"""Read the run folder of ``python -m train fit``: plain files, so that ``train`` is not needed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from edge.core import features
from edge.core.errors import DataError

FILES = ("run.json", "fit.npz", "model.keras")


_INFO_KEYS = ("landmarks", "more_views", "settings", "best_epoch", "temperature", "versions", "rows")
"""What the bundle takes over from ``run.json``."""


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
        version = info["features"]["version"]
        missing = [key for key in _INFO_KEYS if key not in info]
        if missing:
            raise ValueError(f"run.json lacks {', '.join(missing)}")
    except Exception as error:  # a flipped bit raises anything from zlib.error to SyntaxError
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"run folder {path} is damaged ({reason}): train again") from None
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
