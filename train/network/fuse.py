"""Several trained networks as one: the mean of their calibrated logits, in a single last layer.

Networks with different inputs err differently, and their mean is better than each; trained together, the one
that learns faster would leave little to the others (Wang et al., 2020, arXiv:1905.12681).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from edge.core.errors import DataError, as_data_error
from edge.core.files import require_new_folder
from edge.core.quantize import MeanStd
from edge.head.inputs import deployed
from train.network.calibration import Calibration, calibrate
from train.npz import read_npz
from train.report import results
from train.report.results import SplitResult
from train.run_folder import ARRAYS_FILE, INFO_FILE, MODEL_FILE, write_run
from train.settings import with_current_names

_SAME = ("labels", "landmarks", "rows")
"""Keys of ``run.json`` that the runs must have in common."""
_SAME_SETTINGS = ("seed", "validation", "truth", "clip", "selective_accuracy")
"""Settings that the runs must have in common."""
_RECORDED = ("settings", "teachers", "best_epoch", "versions")
"""Keys of ``run.json`` that the fused run records of each run."""
_NEEDED = (*_SAME, *_RECORDED, "inputs", "temperature", "seconds")
"""Keys of ``run.json`` that each run must have."""


@dataclass(frozen=True, slots=True)
class _PartialRun:
    """A run that becomes a part of the fused one."""

    name: str
    info: dict[str, Any]
    """Content of ``run.json``."""
    arrays: dict[str, NDArray[Any]]
    """Content of ``fit.npz``."""
    model: keras.Model
    splits: list[SplitResult]

    @property
    def inputs(self) -> list[str]:
        """Names of the network's inputs."""
        return [entry["name"] for entry in self.info["inputs"]]

    def rows(self, place: str) -> list[NDArray[Any]]:
        """The network's inputs for the rows at a place of ``fit.npz``: (N, …) each."""
        arrays = self.arrays
        values = {name: arrays[f"{place}/{name}"] for name in self.inputs}
        by = {name: MeanStd(arrays[f"mean/{name}"], arrays[f"std/{name}"]) for name in self.inputs}
        return [*deployed(values, by, float(arrays["clip"])).values()]


def fuse(runs: Sequence[Path], out: Path) -> None:
    """Write the run folder of the network whose logits are the mean of the runs' calibrated logits.

    Args:
        runs: run folders of ``fit``, two or more, of the same landmarks folder, classes and validation rows,
            each with inputs of its own.
        out: gets what ``fit`` writes, except ``weights.npz``.

    Raises:
        DataError: a run is damaged or does not go with the others, or ``out`` is there already.
        OSError: a full disk, for instance; nothing is left behind.
    """
    require_new_folder(out)
    parts = [_read(run) for run in runs]
    _require_alike(runs, parts)
    model = _mean([(part.model, part.info["temperature"]) for part in parts])
    arrays = {key: values for part in parts for key, values in part.arrays.items()}
    logits = _predict(model, parts, "validation")
    target = parts[0].info["settings"]["selective_accuracy"]
    calibration = calibrate(logits, arrays["validation/number"], target)
    splits = _splits(model, parts, logits, calibration)
    write_run(out, model, arrays, _info(parts, calibration), [], splits)
    print(f"{' and '.join(part.name for part in parts)} → {out}", flush=True)


def _read(run: Path) -> _PartialRun:
    with as_data_error(f"{run} is no whole run folder of fit", "train it again"):
        info = json.loads((run / INFO_FILE).read_text())
        arrays = read_npz(run / ARRAYS_FILE)
        model = keras.saving.load_model(run / MODEL_FILE, compile=False)
        absent = [key for key in _NEEDED if key not in info]
        absent += [key for key in _SAME_SETTINGS if key not in info["settings"]]
        if absent:
            raise ValueError(f"{INFO_FILE} lacks {', '.join(absent)}")
        info["settings"] = with_current_names(info["settings"])
        part = _PartialRun(run.name, info, arrays, model, results.load(run))
        part.rows("validation")
        return part


def _require_alike(runs: Sequence[Path], parts: Sequence[_PartialRun]) -> None:
    first = parts[0]
    for run, part in zip(runs, parts, strict=True):
        same = [part.info[key] == first.info[key] for key in _SAME]
        same += [part.info["settings"][key] == first.info["settings"][key] for key in _SAME_SETTINGS]
        if not all(same):
            raise DataError(
                f"{run} has other landmarks, classes, rows or settings ({', '.join(_SAME_SETTINGS)}) than "
                f"{runs[0]}: fuse runs that have these in common"
            )
    names = [name for part in parts for name in part.inputs]
    if len(parts) < 2 or len(set(names)) < len(names):
        raise DataError(
            f"expected two runs or more, each with inputs of its own, found {len(parts)} with "
            f"{', '.join(names)}"
        )


def _predict(model: keras.Model, parts: Sequence[_PartialRun], place: str) -> NDArray[np.float32]:
    """Logits (N, C) of the fused network for the rows at a place of ``fit.npz``."""
    rows = [values for part in parts for values in part.rows(place)]
    logits: NDArray[np.float32] = model.predict(rows, batch_size=4096, verbose=0)
    return logits


def _splits(
    model: keras.Model, parts: Sequence[_PartialRun], logits: NDArray[np.float32], calibration: Calibration
) -> list[SplitResult]:
    """Answers of the fused network: ``logits`` are those of the validation faces."""
    validation, *evaluation = parts[0].splits
    probabilities = np.zeros((len(validation.true), logits.shape[1]), np.float32)
    probabilities[validation.found] = calibration.probabilities(logits)
    splits = [replace(validation, probabilities=probabilities)]
    for split in evaluation:
        answers = calibration.probabilities(_predict(model, parts, f"evaluation/{split.name}"))
        splits.append(replace(split, probabilities=answers))
    return splits


def _info(parts: Sequence[_PartialRun], calibration: Calibration) -> dict[str, Any]:
    """Content of ``run.json``. ``best_epoch`` is None: each run under ``fused`` has its own."""
    first = parts[0].info
    return {
        **first,
        "inputs": [entry for part in parts for entry in part.info["inputs"]],
        "settings": {
            **first["settings"],
            "inputs": [name for part in parts for name in part.inputs],
            "temperature": 0.0,
            "min_confidence": 0.0,
        },
        "teachers": [name for part in parts for name in part.info["teachers"]],
        "best_epoch": None,
        "start": None,
        "fused": [
            {key: part.info[key] for key in _RECORDED} | {"name": part.name, "start": part.info.get("start")}
            for part in parts
        ],
        "temperature": calibration.temperature,
        "min_confidence": calibration.min_confidence,
        "seconds": sum(part.info["seconds"] for part in parts),
    }


def _mean(networks: Sequence[tuple[keras.Model, float]]) -> keras.Model:
    """One network of several, each given with the temperature of its logits; their last layers become one."""
    inputs, hidden, kernels, biases = [], [], [], []
    for number, (network, temperature) in enumerate(networks):
        copy = _renamed(network, f"part{number}_")
        *_, last = copy.layers
        kernel, own_bias = last.get_weights()
        share = 1 / (len(networks) * temperature)
        kernels.append(share * kernel)
        biases.append(share * own_bias)
        inputs += copy.inputs
        hidden.append(last.input)
    answer = layers.Dense(len(biases[0]))
    model = keras.Model(inputs, answer(layers.Concatenate()(hidden)))
    answer.set_weights([np.concatenate(kernels), np.sum(biases, axis=0)])
    return model


def _renamed(network: keras.Model, prefix: str) -> keras.Model:
    """A copy whose layers have names that no other network's have; the inputs keep theirs."""

    def renamed(layer: layers.Layer) -> layers.Layer:
        return type(layer).from_config({**layer.get_config(), "name": prefix + layer.name})

    copy = keras.models.clone_model(network, clone_function=renamed)
    copy.set_weights(network.get_weights())
    return copy
