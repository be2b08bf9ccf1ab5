"""Several trained networks as one: the mean of their calibrated logits, in a single last layer.

Networks that look at different things of a face err differently, and their mean is better than each; trained
together, the one that learns faster would leave little to the others (Wang et al., 2020, arXiv:1905.12681).
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

from edge.core.errors import DataError, first_line
from edge.core.files import replacing_folder
from edge.core.quantize import MeanStd, softmax
from edge.head.inputs import deployed
from evaluation.calibration import best_temperature, confidence_threshold
from train.dataset import landmarks_folder
from train.output import check_new
from train.report import report, results
from train.report.results import SplitResult

_SAME = ("labels", "landmarks", "rows")
"""What the runs must have in common, in ``run.json``."""
_TOLD = ("settings", "teachers", "best_epoch", "versions")
"""What the new run says of each."""
_NEEDED = (*_SAME, *_TOLD, "inputs", "temperature", "seconds")
_SAME_SETTINGS = ("seed", "validation", "truth", "clip", "selective_accuracy")


@dataclass(frozen=True, slots=True)
class _Part:
    """A run that goes in."""

    info: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    """``fit.npz``"""
    model: keras.Model
    splits: list[SplitResult]

    @property
    def inputs(self) -> list[str]:
        return [entry["name"] for entry in self.info["inputs"]]

    def taken(self, place: str) -> list[NDArray[Any]]:
        """What the network takes of the rows at a place of ``fit.npz``."""
        return [
            deployed(
                name,
                self.arrays[f"{place}/{name}"],
                MeanStd(self.arrays[f"mean/{name}"], self.arrays[f"std/{name}"]),
                float(self.arrays["clip"]),
            )
            for name in self.inputs
        ]


def fuse(runs: Sequence[Path], out: Path) -> None:
    """Write the run folder of the network that answers with the mean of theirs.

    Args:
        runs: run folders of ``fit``, two or more, of the same landmarks folder, classes and validation rows,
            each with inputs of its own.
        out: gets what ``fit`` writes, but for ``weights.npz``.

    Raises:
        DataError: a run is damaged or does not go with the others, or ``out`` is there already.
        OSError: a full disk, for instance; nothing is left behind.
    """
    check_new(out)
    parts = [_read(run) for run in runs]
    first = parts[0]
    _check(runs, parts)
    model = _mean([(part.model, part.info["temperature"]) for part in parts])
    arrays = {key: values for part in parts for key, values in part.arrays.items()}

    def predict(place: str) -> NDArray[np.float32]:
        taken = [values for part in parts for values in part.taken(place)]
        logits: NDArray[np.float32] = model.predict(taken, batch_size=4096, verbose=0)
        return logits

    logits, number = predict("validation"), arrays["validation/number"]
    temperature = best_temperature(logits, number)
    confidence = softmax(logits / np.float32(temperature)).max(axis=1)
    correct = logits.argmax(axis=1) == number
    target = first.info["settings"]["selective_accuracy"]
    info = {
        **first.info,
        "inputs": [entry for part in parts for entry in part.info["inputs"]],
        "settings": {
            **first.info["settings"],
            "inputs": [name for part in parts for name in part.inputs],
            "temperature": 0.0,
            "min_confidence": 0.0,
        },
        "teachers": [name for part in parts for name in part.info["teachers"]],
        "best_epoch": None,
        "start": None,
        "fused": [
            {key: part.info[key] for key in _TOLD} | {"name": run.name, "start": part.info.get("start")}
            for run, part in zip(runs, parts, strict=True)
        ],
        "temperature": temperature,
        "min_confidence": confidence_threshold(confidence, correct, target),
        "seconds": sum(part.info["seconds"] for part in parts),
    }
    validation, *evaluation = first.splits
    found = np.zeros((len(validation.true), len(info["labels"])), np.float32)
    found[validation.found] = softmax(logits / np.float32(temperature))
    splits = [replace(validation, probabilities=found)]
    for split in evaluation:
        answers = softmax(predict(f"evaluation/{split.name}") / np.float32(temperature))
        splits.append(replace(split, probabilities=answers))
    with replacing_folder(out, only_new=True) as folder:
        model.save(folder / "model.keras")
        landmarks_folder.write_npz(folder / "fit.npz", arrays)
        report.save(folder, info, [], splits)
    print(report.summary(splits, info["labels"]))
    print(f"{' and '.join(run.name for run in runs)} → {out}", flush=True)


def _read(run: Path) -> _Part:
    try:
        info = json.loads((run / "run.json").read_text())
        with (run / "fit.npz").open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: np.asarray(archive[name]) for name in archive.files}
        model = keras.saving.load_model(run / "model.keras", compile=False)
        absent = [key for key in _NEEDED if key not in info]
        absent += [key for key in _SAME_SETTINGS if key not in info["settings"]]
        if absent:
            raise ValueError(f"run.json lacks {', '.join(absent)}")
        part = _Part(info, arrays, model, results.load(run))
        part.taken("validation")
        return part
    except Exception as error:  # a flipped bit raises anything from zlib.error to SyntaxError
        raise DataError(
            f"{run} is no whole run folder of fit ({first_line(error)}): train it again"
        ) from None


def _check(runs: Sequence[Path], parts: Sequence[_Part]) -> None:
    first = parts[0]
    for run, part in zip(runs, parts, strict=True):
        same = [part.info[key] == first.info[key] for key in _SAME]
        same += [part.info["settings"][key] == first.info["settings"][key] for key in _SAME_SETTINGS]
        if not all(same):
            raise DataError(
                f"{run} has other landmarks, classes, rows or settings ({', '.join(_SAME_SETTINGS)}) than "
                f"{runs[0]}: fuse runs that are alike in these"
            )
    names = [name for part in parts for name in part.inputs]
    if len(parts) < 2 or len(set(names)) < len(names):
        raise DataError(
            f"expected two runs or more, each with inputs of its own, found {len(parts)} with "
            f"{', '.join(names)}"
        )


def _mean(networks: Sequence[tuple[keras.Model, float]]) -> keras.Model:
    """One network of several, each with the temperature of its logits; their last layers become one."""
    inputs, hidden, kernels, biases = [], [], [], []
    for number, (network, temperature) in enumerate(networks):
        copy = _renamed(network, f"part{number}_")
        *_, last = copy.layers
        kernel, own_bias = last.get_weights()
        part = 1 / (len(networks) * temperature)
        kernels.append(part * kernel)
        biases.append(part * own_bias)
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
