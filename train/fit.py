"""Landmarks folder → trained network and its report: data, model, epochs, calibration, figures."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from edge.core.files import require_new_folder
from edge.head.inputs import INPUTS
from train.dataset.inputs import take
from train.dataset.labelled_faces import LabelledFaces, open_labelled_faces
from train.network.calibration import Calibration, calibrate
from train.network.checkpoint import Checkpoint, training_identity
from train.network.epochs import Progress, learn, validation_scores
from train.network.initial_weights import Weights, initial_weights
from train.network.model import build_model, deployed_model
from train.network.trainer import Trainer
from train.network.training_set import TrainingSet
from train.report import report
from train.report.results import SplitResult
from train.run_folder import arrays_for_convert, write_run
from train.settings import TrainingSettings
from train.versions import training_versions

CALIBRATION_ROWS = 1000
"""Largest number of training rows that go into the run folder for convert's calibration."""


def fit(
    landmarks: Path,
    out: Path,
    settings: TrainingSettings,
    pictures: Path | None = None,
    teachers: Sequence[Path] = (),
    start: Path | None = None,
) -> None:
    """Train on ``landmarks`` and write the run folder ``out``.

    Args:
        landmarks: folder of ``extract``. Each epoch sees the next of its augmented views.
        out: gets ``model.keras``, ``fit.npz`` and ``run.json`` for convert, and for people a report. A
            report that cannot be made is a warning.
        settings: all settings of the training.
        pictures: the data that was extracted; the report then shows some of its pictures.
        teachers: run folders of ``teach``, of the same data and classes; the mean of their answers
            becomes a part of the target.
        start: run folder of ``fit`` with the same inputs and sizes, whose weights the training starts from.

    Raises:
        DataError: the landmarks folder, a teacher or ``start`` cannot be used, ``out`` is there already or
            cannot be written, or the training diverged.
        FileExistsError: something has come to ``out`` meanwhile; the message says where the run is.
        OSError: a full disk, for instance; nothing is left behind.
    """
    require_new_folder(out)
    keras.utils.set_random_seed(settings.seed)
    tf.config.experimental.enable_op_determinism()

    data = open_labelled_faces(landmarks, settings)
    steps = data.steps(settings)
    training_set = TrainingSet(data, settings, teachers)

    classes = len(data.labels.labels)
    trainer = Trainer(lambda: build_model(training_set.shapes, classes, settings), steps, settings)
    others = [*teachers, *([start] if start else [])]
    if start:
        trainer.start(initial_weights(start, trainer.average()))
    checkpoint = Checkpoint(out, training_identity(data.folder.info, settings, others))
    progress, weights = _train(trainer, training_set, data, settings, checkpoint)
    standardize = training_set.standardize
    model = deployed_model(trainer.with_weights(weights), training_set.class_shares(), settings, standardize)

    def predict(index: NDArray[np.int64]) -> NDArray[np.float32]:
        x = [*standardize.deployed(take(training_set.inputs, index)).values()]
        logits: NDArray[np.float32] = model.predict(x, batch_size=4096, verbose=0)
        return logits

    calibration = calibrate(
        predict(data.validation),
        data.truth.number[data.validation],
        settings.selective_accuracy,
        settings.temperature,
        settings.min_confidence,
    )

    # The evaluation rows are used here for the first time.
    results = [
        SplitResult(
            name,
            data.truth.number[index],
            calibration.probabilities(predict(index)),
            data.faces.found[index],
            data.rows.name[index],
        )
        for name, index in [("validation", data.split.validation), *data.split.evaluation.items()]
    ]
    info = _info(data, training_set, settings, progress, calibration)
    info |= {"teachers": [run.name for run in teachers], "start": start.name if start else None}
    some = np.random.default_rng(settings.seed).permutation(data.training)[:CALIBRATION_ROWS]
    arrays = arrays_for_convert(data, training_set.inputs, standardize, some)
    write_run(out, model, arrays, info, progress.history, results, weights)
    checkpoint.remove()
    print(f"best epoch {progress.best_epoch}, {progress.seconds:.0f} s → {out}", flush=True)
    report.render_if_possible(out, pictures)


def _train(
    trainer: Trainer,
    training_set: TrainingSet,
    data: LabelledFaces,
    settings: TrainingSettings,
    checkpoint: Checkpoint,
) -> tuple[Progress, Weights]:
    """Train all epochs; gives the weights of the epoch that is kept."""
    x = [*training_set.standardize(take(training_set.inputs, data.validation)).values()]
    number = data.truth.number[data.validation]

    def judge() -> tuple[float, float]:
        return validation_scores(trainer.predict(x), number)

    return learn(trainer, settings, training_set.batches, judge, checkpoint)


def _info(
    data: LabelledFaces,
    training_set: TrainingSet,
    settings: TrainingSettings,
    progress: Progress,
    calibration: Calibration,
) -> dict[str, Any]:
    """Content of ``run.json``: where the run comes from, its settings and its calibration."""
    split = data.split
    return {
        "labels": list(data.labels.labels),
        "inputs": [
            {"name": name, "version": INPUTS[name].version, "shape": shape}
            for name, shape in training_set.shapes.items()
        ],
        "landmarks": {key: value for key, value in data.folder.info.items() if key != "shards"},
        "settings": asdict(settings),
        "rows": {
            "training": len(data.training),
            "validation": len(data.validation),
            "training_without_face": int(len(split.training) - len(data.training)),
            "training_copies_of_evaluation": split.duplicates,
            "left_out": int((data.truth.number < 0).sum()),
            "evaluation": {name: len(index) for name, index in split.evaluation.items()},
        },
        "best_epoch": progress.best_epoch,
        "temperature": calibration.temperature,
        "min_confidence": calibration.min_confidence,
        "seconds": progress.seconds,
        "versions": training_versions(),
    }
