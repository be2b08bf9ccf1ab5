"""Landmarks file → trained network and its report. Read it from top to bottom.

A multilayer perceptron on the aligned landmarks of a face: 1404 standardized features → 7 logits.
"""

import platform
import time
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import edge
from edge.core import features
from edge.core.errors import DataError
from edge.core.files import replacing_folder
from edge.core.labels import FER2013
from edge.core.quantize import softmax
from edge.data import metrics
from train import landmarks_file, report
from train.data import class_weights, feature_matrix, split_rows, standardization, targets
from train.mirror import mirror_features
from train.settings import Settings

WARMUP_EPOCHS = 2
CALIBRATION_ROWS = 1000
"""Training rows that go into the run folder for convert's calibration."""

TEMPERATURES = np.geomspace(0.25, 4, 161).tolist()
"""That are tried to calibrate the probabilities; steps of 1.7 %."""


def fit(landmarks: list[Path], out: Path, settings: Settings) -> None:
    """Train on ``landmarks`` and write the run folder ``out``.

    Args:
        landmarks: one landmarks file, or several of the same pictures that were prepared in different
            ways. The first is the one that counts; in training, each row comes from any of them,
            which is how much landmarks move when a face is seen a little differently.
        out: gets ``model.keras``, ``fit.npz`` and ``run.json`` for convert, and for people
            ``report.md``, ``report.json``, ``history.csv`` and pictures.

    Raises:
        DataError: a landmarks file cannot be used, or ``out`` is there already.
        OSError: a full disk, for instance; nothing is left behind.
    """
    if out.exists():
        raise DataError(f"{out} is there already: name another run folder, or remove it")
    started = time.monotonic()
    keras.utils.set_random_seed(settings.seed)
    tf.config.experimental.enable_op_determinism()
    rng = np.random.default_rng(settings.seed)

    # ---- data ----
    sources = load_all(landmarks)
    rows = sources[0].rows
    split = split_rows(rows, settings.validation, settings.seed)
    training = split.training[rows.found[split.training]]  # (N,) indices of rows with a face
    validation = split.validation[rows.found[split.validation]]  # (V,)
    if len(training) < settings.batch or not len(validation):
        raise DataError(
            f"{landmarks[0]} has {len(training)} faces to train on and {len(validation)} to validate: "
            f"expected at least one batch ({settings.batch}) and 1; use more data or --set batch=…"
        )
    raw = feature_matrix(rows)  # (rows, 1404), dimensionless, eye distance = 1
    views = [raw[training]]  # each (N, 1404)
    for source in sources[1:]:
        found = source.rows.found[training, None]
        views.append(np.where(found, feature_matrix(source.rows)[training], raw[training]))
    standardize = standardization(raw[training], settings.clip)
    y = targets(rows, settings.ferplus, settings.label_smoothing)[training]  # (N, 7)
    weight = class_weights(rows.label[training], settings.class_weight)[rows.label[training]]  # (N,)
    x_validation, label_validation = standardize(raw[validation]), rows.label[validation]

    # ---- model ----
    steps = len(training) // settings.batch  # in an epoch
    model = build_model(settings)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=settings.learning_rate,
        warmup_steps=min(WARMUP_EPOCHS, settings.epochs) * steps,
        decay_steps=max(1, (settings.epochs - WARMUP_EPOCHS) * steps),
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=settings.weight_decay),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    )
    averaged = build_model(settings)  # the same network with the moving average of the weights
    average = model.get_weights()

    # ---- loop ----
    history: list[dict[str, float]] = []
    best_loss, best_epoch, best_weights = float("inf"), 0, average
    step = 0
    for epoch in range(settings.epochs):
        order = rng.permutation(len(training))
        view = rng.integers(len(views), size=len(training))
        flipped = rng.random(len(training)) < settings.flip
        losses = []
        for start in range(0, steps * settings.batch, settings.batch):
            pick = order[start : start + settings.batch]  # (B,)
            batch_x = np.stack([views[v][i] for v, i in zip(view[pick], pick, strict=True)])  # (B, 1404)
            batch_x = np.where(flipped[pick, None], mirror_features(batch_x), batch_x)
            batch_x = standardize(batch_x)
            batch_x += settings.jitter * rng.standard_normal(batch_x.shape, np.float32)
            batch_y, batch_weight = y[pick], weight[pick]  # (B, 7), (B,)
            if settings.mixup:  # Zhang et al., 2018, arXiv:1710.09412
                share = np.float32(rng.beta(settings.mixup, settings.mixup))
                other = rng.permutation(len(pick))
                batch_x = share * batch_x + (1 - share) * batch_x[other]
                batch_y = share * batch_y + (1 - share) * batch_y[other]
                batch_weight = share * batch_weight + (1 - share) * batch_weight[other]
            losses.append(float(model.train_on_batch(batch_x, batch_y, sample_weight=batch_weight)))
            step += 1
            keep = min(settings.averaging, step / (step + 10))  # follows quickly at the start
            average = [
                keep * old + (1 - keep) * new for old, new in zip(average, model.get_weights(), strict=True)
            ]
        averaged.set_weights(average)
        logits = averaged.predict(x_validation, batch_size=4096, verbose=0)  # (V, 7)
        if not np.isfinite(logits).all():
            raise DataError(f"the training diverged in epoch {epoch + 1}: use a lower learning_rate")
        accuracy = float((logits.argmax(axis=1) == label_validation).mean())
        validation_loss = report.cross_entropy(logits, label_validation)
        history.append(
            {
                "epoch": epoch + 1,
                "loss": float(np.mean(losses)),
                "validation_loss": validation_loss,
                "validation_accuracy": accuracy,
                "seconds": time.monotonic() - started,
            }
        )
        print(
            f"epoch {epoch + 1:3d}  loss {np.mean(losses):.4f}  "
            f"validation loss {validation_loss:.4f}, accuracy {accuracy:.2%}",
            flush=True,
        )
        if validation_loss < best_loss:
            best_loss, best_epoch, best_weights = validation_loss, epoch + 1, average
        elif epoch + 1 - best_epoch >= settings.patience:
            break
    averaged.set_weights(best_weights)
    temperature = calibrate(averaged, x_validation, label_validation)

    # ---- report: the evaluation rows are looked at here for the first time ----
    def scores(index: np.ndarray) -> dict[str, object]:
        probabilities = softmax(averaged.predict(standardize(raw[index]), batch_size=4096, verbose=0))
        found = rows.found[index]
        answer = np.where(found, probabilities.argmax(axis=1), metrics.MISSED)
        return metrics.report(
            FER2013, rows.label[index].astype(np.int64), answer, probabilities.max(axis=1), found
        )

    info = {
        "labels": list(FER2013),
        "features": {"version": features.VERSION, "length": features.FEATURE_LENGTH},
        "landmarks": sources[0].info,
        "more_views": [source.info["preparation"] for source in sources[1:]],
        "settings": asdict(settings),
        "rows": {
            "training": len(training),
            "validation": len(validation),
            "training_without_face": int(len(split.training) - len(training)),
            "training_copies_of_evaluation": split.duplicates,
            "evaluation": {name: len(index) for name, index in split.evaluation.items()},
        },
        "best_epoch": best_epoch,
        "temperature": temperature,
        "seconds": time.monotonic() - started,
        "versions": {
            "mien": edge.__version__,
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
            "machine": platform.machine(),
        },
    }
    results = {
        "validation": scores(split.validation),
        "evaluation": {name: scores(index) for name, index in split.evaluation.items()},
    }
    for_convert: dict[str, np.ndarray] = {
        "mean": standardize.mean,
        "std": standardize.std,
        "clip": np.array(settings.clip),
        "calibration": raw[rng.permutation(training)[:CALIBRATION_ROWS]],
        "validation": raw[validation],
        "validation_label": label_validation,
    }
    for name, index in split.evaluation.items():
        for_convert |= {
            f"evaluation/{name}": raw[index],
            f"evaluation_label/{name}": rows.label[index],
            f"evaluation_found/{name}": rows.found[index],
        }
    with replacing_folder(out) as folder:
        averaged.save(folder / "model.keras")
        landmarks_file.write_npz(folder / "fit.npz", for_convert)
        report.write(folder, info, history, results)
    print(report.summary(results))
    print(f"best epoch {best_epoch}, {info['seconds']:.0f} s → {out}")


def load_all(landmarks: list[Path]) -> list[landmarks_file.LandmarksFile]:
    """
    Raises:
        DataError: a file cannot be used, or has other pictures than the first.
    """
    sources = [landmarks_file.load(path) for path in landmarks]
    for path, source in zip(landmarks, sources, strict=True):
        if not np.array_equal(source.rows.picture_hash, sources[0].rows.picture_hash):
            raise DataError(f"{path} has other pictures than {landmarks[0]}: extract both from the same data")
    return sources


def build_model(settings: Settings) -> keras.Model:
    """1404 standardized features → 7 logits."""
    model = keras.Sequential([layers.Input((features.FEATURE_LENGTH,))])
    for units in settings.hidden:
        model.add(layers.Dense(units, use_bias=False))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
        model.add(layers.Dropout(settings.dropout))
    model.add(layers.Dense(len(FER2013)))
    return model


def calibrate(model: keras.Model, x: np.ndarray, label: np.ndarray) -> float:
    """Make the probabilities as sure as they are right: divide the logits by a temperature.

    The one with the least cross-entropy on ``x``, float32 (V, 1404), and ``label``, (V,): Guo et al.,
    2017, arXiv:1706.04599. It goes into the weights of the last layer. Their mean over the classes is
    taken off as well: that moves no probability, and int8 has a smaller range to cover.

    Returns:
        The temperature.
    """
    logits = model.predict(x, batch_size=4096, verbose=0)
    temperature = min(TEMPERATURES, key=lambda t: report.cross_entropy(logits / np.float32(t), label))
    kernel, bias = model.layers[-1].get_weights()  # (units, 7), (7,)
    kernel, bias = kernel - kernel.mean(axis=1, keepdims=True), bias - bias.mean()
    model.layers[-1].set_weights([kernel / temperature, bias / temperature])
    return temperature
