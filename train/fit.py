"""Landmarks folder → trained network and its report. Read it from top to bottom."""

import platform
from collections.abc import Generator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import edge
from edge.core.files import replacing_folder
from edge.core.quantize import softmax
from edge.head.inputs import INPUTS, LANDMARKS, maps_of
from edge.landmarks.texture import NAME as TEXTURE
from evaluation.calibration import best_temperature, confidence_threshold
from evaluation.label_sets import LABEL_SETS, LabelSet, vote_distribution
from train.dataset import landmarks_folder, training_data
from train.dataset.balance import batches, epoch_order, row_weights
from train.network.checkpoint import Checkpoint
from train.network.epochs import learn
from train.network.landmark_noise import WorseLandmarks
from train.network.model import build_model, deployed
from train.network.start import started, write_weights
from train.network.texture_augmentation import varied
from train.network.trainer import Batch, Trainer
from train.output import check_new
from train.report import report
from train.report.results import SplitResult
from train.settings import Settings
from train.teacher.answers import read_answers

CALIBRATION_ROWS = 1000
"""Training rows that go into the run folder for convert's calibration."""


def fit(
    landmarks: Path,
    out: Path,
    settings: Settings,
    pictures: Path | None = None,
    teachers: Sequence[Path] = (),
    start: Path | None = None,
) -> None:
    """Train on ``landmarks`` and write the run folder ``out``.

    Args:
        landmarks: folder of extract. Its views vary the training: each epoch sees the next one.
        out: gets ``model.keras``, ``fit.npz`` and ``run.json`` for convert, and for people a report. A
            report that cannot be made is a warning.
        settings: everything that can be chosen.
        pictures: the data that was extracted; the report then shows some of its pictures.
        teachers: run folders of ``teach``, of the same data and classes; the mean of their answers
            becomes a part of the target.
        start: run folder of ``fit``, of the same inputs and sizes: whose weights are trained on, in place of
            fresh ones.

    Raises:
        DataError: the landmarks folder, a teacher or ``start`` cannot be used, ``out`` is there already or
            cannot be written, or the training diverged.
        FileExistsError: something has come to ``out`` meanwhile; the message says where the run is.
        OSError: a full disk, for instance; nothing is left behind.
    """
    check_new(out)
    keras.utils.set_random_seed(settings.seed)
    tf.config.experimental.enable_op_determinism()

    # ---- data ----
    folder = landmarks_folder.load(landmarks)
    rows, faces = folder.rows, folder.faces(maps=maps_of(settings.inputs))
    label_set = LABEL_SETS[settings.labels]
    truth = training_data.truth(rows, label_set, settings.truth)
    split = training_data.split_rows(rows, truth.number, settings.validation)
    training = split.training[faces.found[split.training]]  # (N,) indices of rows with a face
    validation = split.validation[faces.found[split.validation]]  # (V,)
    number = truth.number[training]  # (N,)
    steps = training_data.require_rows(landmarks, number, validation, settings.balance, settings.batch)
    inputs = training_data.read_inputs(faces, settings.inputs)  # (rows, …) each
    standardize = training_data.standardization(training_data.take(inputs, training), settings.clip)
    taught = [read_answers(run, rows_and_classes(folder.info, settings), len(rows)) for run in teachers]
    target = _target(rows, truth, label_set, taught, settings)[training]  # (N, C)
    votes = vote_distribution(rows.votes[training])  # (N, 8)
    weight = row_weights(number, settings.balance)  # (N,)
    x_validation = [*standardize(training_data.take(inputs, validation)).values()]
    number_validation = truth.number[validation]

    # ---- model ----
    shapes = {name: values.shape[1:] for name, values in inputs.items()}
    trainer = Trainer(lambda: build_model(shapes, len(label_set.labels), settings), steps, settings)

    if start:
        trainer.start(started(start, trainer.average()))

    # ---- loop ----
    worse = None
    if LANDMARKS.name in inputs:
        worse = WorseLandmarks(standardize.by[LANDMARKS.name].mean, settings.shake, settings.lost)

    def batches_of(epoch: int, rng: np.random.Generator) -> Generator[Batch]:
        plain = rng.random(len(training)) < settings.plain
        view = view_of_epoch(folder, inputs, training, epoch, plain)  # (N, …) each
        for pick in batches(epoch_order(number, settings.balance, rng), settings.batch):  # (B,)
            x = training_data.take(view, pick)
            if worse:
                x[LANDMARKS.name] = worse(x[LANDMARKS.name], rng)
            x = training_data.jittered(standardize(x), settings.jitter, rng)
            if TEXTURE in x:
                x[TEXTURE] = varied(x[TEXTURE], rng)
            yield Batch([*x.values()], target[pick], votes[pick], weight[pick])

    def judge() -> tuple[float, float]:
        logits = trainer.predict(x_validation)  # (V, C), by the averaged weights
        accuracy = float((logits.argmax(axis=1) == number_validation).mean())
        return report.cross_entropy(logits, number_validation), accuracy

    others = [*teachers, *([start] if start else [])]
    checkpoint = Checkpoint(out, depends_on(folder.info, settings, others))
    progress, best_weights = learn(trainer, settings, batches_of, judge, checkpoint)
    count = np.bincount(number, minlength=len(label_set.labels))
    share = np.maximum(count, 1) / len(number)  # (C,)
    model = deployed(trainer.with_weights(best_weights), share, settings, standardize)

    # ---- calibration ----
    def predict(index: np.ndarray) -> np.ndarray:
        x = [*standardize.deployed(training_data.take(inputs, index)).values()]
        return model.predict(x, batch_size=4096, verbose=0)

    logits = predict(validation)
    temperature = settings.temperature or best_temperature(logits, number_validation)
    confidence = softmax(logits / np.float32(temperature)).max(axis=1)
    correct = logits.argmax(axis=1) == number_validation
    threshold = settings.min_confidence or confidence_threshold(
        confidence, correct, settings.selective_accuracy
    )

    # ---- figures: the evaluation rows are looked at here for the first time ----
    info = {
        "labels": list(label_set.labels),
        "inputs": [
            {"name": name, "version": INPUTS[name].version, "shape": shape} for name, shape in shapes.items()
        ],
        "landmarks": {key: value for key, value in folder.info.items() if key != "shards"},
        "settings": asdict(settings),
        "teachers": [run.name for run in teachers],
        "start": start.name if start else None,
        "rows": {
            "training": len(training),
            "validation": len(validation),
            "training_without_face": int(len(split.training) - len(training)),
            "training_copies_of_evaluation": split.duplicates,
            "left_out": int((truth.number < 0).sum()),
            "evaluation": {name: len(index) for name, index in split.evaluation.items()},
        },
        "best_epoch": progress.best_epoch,
        "temperature": temperature,
        "min_confidence": threshold,
        "seconds": progress.seconds,
        "versions": versions(),
    }
    results = [
        SplitResult(
            name,
            truth.number[index],
            softmax(predict(index) / np.float32(temperature)),
            faces.found[index],
            rows.name[index],
        )
        for name, index in [("validation", split.validation), *split.evaluation.items()]
    ]
    some = np.random.default_rng(settings.seed).permutation(training)[:CALIBRATION_ROWS]
    for_convert: dict[str, Any] = {"clip": np.array(settings.clip), "validation/number": number_validation}
    for name, values in inputs.items():
        for_convert |= {
            f"mean/{name}": standardize.by[name].mean,
            f"std/{name}": standardize.by[name].std,
            f"calibration/{name}": values[some],
            f"validation/{name}": values[validation],
        }
        for_convert |= {f"evaluation/{key}/{name}": values[index] for key, index in split.evaluation.items()}
    for key, index in split.evaluation.items():
        for_convert |= {
            f"evaluation/{key}/number": truth.number[index],
            f"evaluation/{key}/found": faces.found[index],
        }
    with replacing_folder(out, only_new=True) as run:
        model.save(run / "model.keras")
        write_weights(run, best_weights)
        landmarks_folder.write_npz(run / "fit.npz", for_convert)
        report.save(run, info, progress.history, results)
    print(report.summary(results, label_set.labels))
    checkpoint.remove()
    print(f"best epoch {progress.best_epoch}, {progress.seconds:.0f} s → {out}", flush=True)
    report.render_if_possible(out, pictures)


def _target(
    rows: landmarks_folder.Rows,
    truth: training_data.Truth,
    label_set: LabelSet,
    taught: Sequence[np.ndarray],
    settings: Settings,
) -> np.ndarray:
    """What all rows are trained towards, float32 (rows, C): the truth, the votes and the teachers' answers
    in the parts that the settings say; where a row lacks one of them, in the ratio of the others."""
    parts = [(1 - settings.votes_in_target - (settings.teacher if taught else 0), truth.target)]
    if settings.votes_in_target:
        parts.append((settings.votes_in_target, training_data.votes_over(rows, label_set)))
    if taught:
        parts.append((settings.teacher, np.mean(taught, axis=0)))
    target = np.sum([np.float32(part) * each for part, each in parts], axis=0)
    return target / np.maximum(target.sum(axis=1, keepdims=True), 1e-6)


def depends_on(landmarks: dict[str, Any], settings: Settings, others: Sequence[Path] = ()) -> dict[str, Any]:
    """All that a checkpoint must share with the training that goes on from it.

    Args:
        landmarks: ``info`` of the landmarks folder.
        settings: of the training.
        others: run folders that it learns or starts from.
    """
    known = [(run / "run.json").read_text() for run in others]
    return {"landmarks": landmarks, "settings": asdict(settings), "others": known, "versions": versions()}


def view_of_epoch(
    folder: landmarks_folder.LandmarksFolder,
    inputs: training_data.Inputs,
    training: np.ndarray,
    epoch: int,
    plain: np.ndarray,
) -> training_data.Inputs:
    """The training rows, (N, …) each, in the view that is this epoch's turn; those of ``plain``, bool
    (N,), those in whose view no face was found, and all where there are no views, as they are."""
    if not folder.views:
        return training_data.take(inputs, training)
    faces = folder.faces(1 + epoch % folder.views, maps_of(inputs))
    view = training_data.take(training_data.read_inputs(faces, list(inputs)), training)
    as_it_is = plain | ~faces.found[training]
    for name, values in view.items():
        values[as_it_is] = inputs[name][training[as_it_is]]
    return view


def rows_and_classes(landmarks: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """What a teacher must share: with other rows it has seen those that the student is judged by.

    Args:
        landmarks: ``info`` of the landmarks folder.
        settings: of the student, or of the teacher.
    """
    chosen = asdict(settings)
    names = ("labels", "truth", "validation")
    return {"data": landmarks["data"]["sha256"], "preparation": landmarks["preparation"]} | {
        name: chosen[name] for name in names
    }


def versions() -> dict[str, str]:
    """Of what the weights depend on."""
    return {
        "mien": edge.__version__,
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "machine": platform.machine(),
    }
