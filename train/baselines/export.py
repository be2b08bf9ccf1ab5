"""A trained baseline → run folder, which ``mien convert`` makes a bundle of."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.files import require_new_folder
from edge.head.inputs import INPUTS, maps_of
from evaluation.label_sets import LABEL_SETS
from train.baselines.data import SUBSET_SEED, Problem
from train.baselines.method import Exported, Samples
from train.baselines.registry import Experiment
from train.dataset.inputs import read_inputs, take
from train.dataset.labelled_faces import LabelledFaces, ground_truth
from train.network.calibration import calibrate
from train.network.model import set_centred
from train.report.results import SplitResult
from train.run_folder import arrays_for_convert, write_run
from train.settings import TrainingSettings
from train.versions import training_versions

CALIBRATION_ROWS = 300
"""Largest number of training rows for convert's calibration. Of more than 300, convert leaves those with the
largest values out of the ranges of int8 (``convert.ranges``), and a graph network then decides otherwise."""


def export(
    out: Path,
    experiment: Experiment,
    method: Exported,
    problem: Problem,
    index: NDArray[np.int64],
    samples: Samples,
) -> None:
    """Write the run folder ``out``.

    Args:
        out: must not be there.
        experiment: what was trained.
        method: the trained classifier.
        problem: its data.
        index: int64 (T,), its training rows.
        samples: its training samples.

    Raises:
        DataError: ``out`` is there, or a class had no training sample.
        OSError: a full disk, for instance; nothing is left behind.
    """
    require_new_folder(out)
    standardize, model = method.deployed(samples)
    set_centred(model.layers[-1], *model.layers[-1].get_weights())
    names = [*standardize.by]
    data = _labelled(problem, index, maps_of(names))
    inputs = read_inputs(data.faces, names)

    def logits(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        x = [*standardize.deployed(take(inputs, rows)).values()]
        return np.asarray(model.predict(x, batch_size=1024, verbose=0), np.float32)

    number = data.truth.number
    settings = TrainingSettings()
    calibration = calibrate(logits(data.validation), number[data.validation], settings.selective_accuracy)
    splits = {"validation": data.split.validation, **data.split.evaluation}
    results = [
        SplitResult(
            name,
            number[rows],
            calibration.probabilities(logits(rows)),
            data.faces.found[rows],
            data.rows.name[rows],
        )
        for name, rows in splits.items()
    ]
    info: dict[str, Any] = {
        "labels": list(problem.classes),
        "inputs": [
            {"name": name, "version": INPUTS[name].version, "shape": INPUTS[name].shape} for name in names
        ],
        "landmarks": {key: value for key, value in data.folder.info.items() if key != "shards"},
        "settings": {
            **experiment.settings,
            "baseline": experiment.full_name,
            "labels": problem.labels,
            "truth": "label",
            "inputs": names,
            "selective_accuracy": settings.selective_accuracy,
        },
        "rows": {
            "training": len(data.training),
            "validation": len(data.validation),
            "training_without_face": int((~data.faces.found[data.split.training]).sum()),
            "training_copies_of_evaluation": data.split.duplicates,
            "left_out": int((number < 0).sum()),
            "evaluation": {name: len(rows) for name, rows in data.split.evaluation.items()},
        },
        "teachers": [],
        "best_epoch": None,
        "temperature": calibration.temperature,
        "min_confidence": calibration.min_confidence,
        "versions": training_versions(),
    }
    some = np.random.default_rng(SUBSET_SEED).permutation(data.training)[:CALIBRATION_ROWS]
    write_run(out, model, arrays_for_convert(data, inputs, standardize, some), info, [], results)


def _labelled(problem: Problem, index: NDArray[np.int64], maps: Sequence[str]) -> LabelledFaces:
    data, labels = problem.data, LABEL_SETS[problem.labels]
    faces = data.folder.faces(maps=maps) if maps else data.faces
    truth = ground_truth(data.folder.rows, labels, "label")
    validation = problem.split.validation[data.faces.found[problem.split.validation]]
    return LabelledFaces(data.folder, faces, labels, truth, problem.split, index, validation)
