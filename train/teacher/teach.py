"""A larger network on the pictures themselves, whose answers the small one learns from.

It is the landmark network with its later stages set free, so it knows faces before it has seen the
first label. It never leaves the desktop; ``fit --teacher`` takes its answers as a part of the target
(knowledge distillation: Hinton et al., 2015, arXiv:1503.02531).
"""

from collections.abc import Generator, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from edge.core.quantize import softmax
from edge.landmarks.litert import next_roi
from edge.landmarks.models import find_models
from evaluation import Preparation
from evaluation.calibration import best_temperature
from evaluation.label_sets import EMOTIONS, LABEL_SETS, vote_distribution
from evaluation.parallel import ParallelMap
from train.dataset import landmarks_folder, training_data
from train.dataset.balance import batches, epoch_order, row_weights
from train.dataset.workers import open_workers
from train.fit import depends_on, rows_and_classes, versions
from train.network.checkpoint import Checkpoint
from train.network.epochs import learn
from train.network.trainer import Batch, Trainer
from train.output import check_new
from train.report import report
from train.settings import Settings
from train.teacher import crops
from train.teacher.answers import pictures_of, write_answers
from train.teacher.landmark_network import ENDS, START, landmark_network

SETTINGS = Settings(epochs=18, keep="last", batch=128, learning_rate=8e-4, weight_decay=0.02, dropout=0.5)
"""Of the teacher; what concerns only the small network, its views or its calibration is not used."""


def teach(
    pictures: Path,
    landmarks: Path,
    out: Path,
    settings: Settings,
    workers: int = 1,
    classes: Path | None = None,
    models_dir: Path | None = None,
) -> None:
    """Train a teacher and write its answers for all rows into the run folder ``out``.

    The pictures are held in memory.

    Args:
        pictures: the data that was extracted.
        landmarks: folder of extract: rows, labels, and where the faces are.
        out: gets ``run.json`` and ``answers.npz``.
        settings: of the training.
        workers: number of processes that prepare the pictures; 1: this one.
        classes: names of class folders.
        models_dir: folder of the face models; None: where setup put them.

    Raises:
        DataError: the data is not the one that was extracted, ``out`` is there already or cannot be
            written, or the training diverged.
        FileExistsError: something has come to ``out`` meanwhile; the message says where the run is.
        OSError: a full disk, for instance; nothing is left behind.
    """
    check_new(out)
    keras.utils.set_random_seed(settings.seed)
    folder = landmarks_folder.load(landmarks)
    rows, faces = folder.rows, folder.faces()
    label_set = LABEL_SETS[settings.labels]
    truth = training_data.truth(rows, label_set, settings.truth)
    split = training_data.split_rows(rows, truth.number, settings.validation)
    training = split.training[faces.found[split.training]]
    validation = split.validation[faces.found[split.validation]]
    number, votes = truth.number, vote_distribution(rows.votes)
    steps = training_data.require_rows(
        landmarks, number[training], validation, settings.balance, settings.batch
    )
    weight = np.zeros(len(rows), np.float32)
    weight[training] = row_weights(number[training], settings.balance)
    expected = rows_and_classes(folder.info, settings)
    looks = _Looks(pictures, classes, folder, faces, models_dir)

    network = find_models(models_dir).landmarker
    trainer = Trainer(lambda: build_teacher(network, len(label_set.labels), settings), steps, settings)
    checkpoint = Checkpoint(out, depends_on(folder.info, settings))
    with open_workers(workers) as parallel:

        def batches_of(epoch: int, rng: np.random.Generator) -> Generator[Batch]:
            order = training[epoch_order(number[training], settings.balance, rng)]
            picks = list(batches(order, settings.batch))
            for pick, maps in zip(picks, looks.at(parallel, picks, crops.VARIED, epoch), strict=True):
                yield Batch([maps.astype(np.float32)], truth.target[pick], votes[pick], weight[pick])

        def judge() -> tuple[float, float]:
            logits = _answers(trainer, looks, parallel, validation, crops.AS_IT_IS)
            right = float((logits.argmax(axis=1) == number[validation]).mean())
            return report.cross_entropy(logits, number[validation]), right

        progress, _ = learn(trainer, settings, batches_of, judge, checkpoint)
        known = np.sort(np.concatenate([training, validation]))
        both = [_answers(trainer, looks, parallel, known, how) for how in (crops.AS_IT_IS, crops.MIRRORED)]
        logits = (both[0] + both[1]) / 2
    own = np.isin(known, validation)
    temperature = best_temperature(logits[own], number[known[own]])
    probabilities = np.zeros((len(rows), len(label_set.labels)), np.float32)
    probabilities[known] = softmax(logits / np.float32(temperature))
    info = {
        "kind": "teacher",
        "settings": asdict(settings),
        "expected": expected,
        "validation_accuracy": float((logits[own].argmax(axis=1) == number[known[own]]).mean()),
        "temperature": temperature,
        "seconds": progress.seconds,
        "versions": versions(),
    }
    write_answers(out, info, probabilities)
    checkpoint.remove()
    print(f"validation accuracy {info['validation_accuracy']:.2%}, {info['seconds']:.0f} s → {out}")


def build_teacher(flatbuffer: bytes, classes: int, settings: Settings) -> keras.Model:
    """Feature map float32 (N, 24, 24, 64) → logits (N, C), and logits (N, 8) for the FER+ votes.

    Args:
        flatbuffer: the face landmark model.
        classes: C
        settings: dropout.
    """
    trunk = landmark_network(flatbuffer, START, ENDS)
    middle, *last = trunk.outputs
    wide = layers.Conv2D(256, 3, strides=2, padding="same", use_bias=False)(middle)
    wide = layers.ReLU()(layers.BatchNormalization()(wide))
    flat = [layers.Flatten()(value) for value in last]
    hidden = layers.Concatenate()([*flat, layers.GlobalAveragePooling2D()(wide)])
    hidden = layers.Dropout(settings.dropout)(layers.BatchNormalization()(hidden))
    outputs = [layers.Dense(size, kernel_initializer="zeros")(hidden) for size in (classes, len(EMOTIONS))]
    return keras.Model(trunk.inputs, outputs)


class _Looks:
    """The pictures of a landmarks folder's rows, and where the faces are in them."""

    def __init__(
        self,
        pictures: Path,
        classes: Path | None,
        folder: landmarks_folder.LandmarksFolder,
        faces: landmarks_folder.Faces,
        models_dir: Path | None,
    ) -> None:
        self._pictures = pictures_of(pictures, classes, folder)
        self._faces = faces
        self._preparation = Preparation(**folder.info["preparation"])
        self._models_dir = models_dir

    def at(
        self, parallel: ParallelMap, picks: list[NDArray[np.int64]], how: str, epoch: int = 0
    ) -> Iterator[NDArray[np.float16]]:
        """(B, 24, 24, 64) for each of ``picks``, which name rows with a face."""
        tasks = (
            (
                self._models_dir,
                self._preparation,
                [self._pictures[row] for row in pick],
                [next_roi(self._faces.landmarks[row]) for row in pick],
                how,
                [[epoch, int(row)] for row in pick],
            )
            for pick in picks
        )
        return parallel.map(crops.look, tasks)


def _answers(
    trainer: Trainer, looks: _Looks, parallel: ParallelMap, rows: NDArray[np.int64], how: str
) -> NDArray[np.float32]:
    """Logits float32 (N, C)."""
    picks = np.array_split(rows, range(256, len(rows), 256))
    parts: list[Any] = [trainer.predict([maps.astype(np.float32)]) for maps in looks.at(parallel, picks, how)]
    return np.concatenate(parts)
