"""A larger network on the pictures themselves, whose answers the small network learns from.

It is the landmark network with its later layers free to learn, so it knows faces before it has seen the
first label. It never leaves the desktop; ``fit --teacher`` takes its answers as a part of the target
(knowledge distillation: Hinton et al., 2015, arXiv:1503.02531).
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from edge.core.files import require_new_folder
from edge.core.quantize import softmax
from edge.landmarks.litert import next_roi
from edge.landmarks.models import find_models
from evaluation.calibration import best_temperature
from evaluation.label_sets import EMOTIONS, vote_distribution
from evaluation.parallel import ParallelMap
from train.dataset.balance import batches, epoch_order, row_weights
from train.dataset.labelled_faces import LabelledFaces, open_labelled_faces
from train.dataset.workers import open_workers
from train.network.checkpoint import Checkpoint, training_identity
from train.network.epochs import Progress, learn, validation_scores
from train.network.trainer import Batch, Trainer
from train.settings import TrainingSettings
from train.teacher.answers import read_pictures, write_answers
from train.teacher.face_maps import AUGMENTED, MIRRORED, UNCHANGED, face_maps
from train.teacher.landmark_network import ENDS, START, landmark_network

SETTINGS = TrainingSettings(
    epochs=18, keep="last", batch=128, learning_rate=8e-4, weight_decay=0.02, dropout=0.5
)
"""Default settings of a teacher; those of the small network, its augmented views and its calibration are not
used."""


def teach(
    pictures: Path,
    landmarks: Path,
    out: Path,
    settings: TrainingSettings,
    workers: int = 1,
    classes: Path | None = None,
    models_dir: Path | None = None,
) -> None:
    """Train a teacher and write its answers to all training and validation faces into ``out``.

    The pictures are held in memory.

    Args:
        pictures: the data that was extracted.
        landmarks: folder of ``extract``: rows, labels, and where the faces are.
        out: gets ``run.json`` and ``answers.npz``.
        settings: settings of the training.
        workers: number of processes that prepare the pictures; 1: this one.
        classes: names of class folders.
        models_dir: folder of the face models; None: where setup put them.

    Raises:
        DataError: the data is not the data that was extracted, ``out`` is there already or cannot be
            written, or the training diverged.
        FileExistsError: something has come to ``out`` meanwhile; the message says where the run is.
        OSError: a full disk, for instance; nothing is left behind.
    """
    require_new_folder(out)
    keras.utils.set_random_seed(settings.seed)
    data = open_labelled_faces(landmarks, settings, maps=False)
    steps = data.steps(settings)
    pictures_of_rows = read_pictures(pictures, classes, data.folder)

    network, labels = find_models(models_dir).landmarker, len(data.labels.labels)
    trainer = Trainer(lambda: build_teacher(network, labels, settings), steps, settings)
    checkpoint = Checkpoint(out, training_identity(data.folder.info, settings))
    with open_workers(workers) as parallel:
        maps = _FaceMaps(parallel, pictures_of_rows, data, models_dir)
        progress = _train(trainer, data, settings, maps, checkpoint)
        both = (_logits(trainer, maps, data.known, variant) for variant in (UNCHANGED, MIRRORED))
        logits = np.mean([*both], axis=0)

    own = np.isin(data.known, data.validation)
    temperature = best_temperature(logits[own], data.truth.number[data.known[own]])
    info = {"kind": "teacher", "temperature": temperature, "seconds": progress.seconds}
    accuracy = write_answers(out, data, settings, softmax(logits / np.float32(temperature)), info)
    checkpoint.remove()
    print(f"validation accuracy {accuracy:.2%}, {progress.seconds:.0f} s → {out}")


def build_teacher(flatbuffer: bytes, classes: int, settings: TrainingSettings) -> keras.Model:
    """Feature map float32 (N, 24, 24, 64) → logits (N, C), and logits (N, 8) for the FER+ votes.

    Args:
        flatbuffer: the face landmark model.
        classes: number of classes C.
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


@dataclass(frozen=True, slots=True)
class _FaceMaps:
    """The feature maps of the rows of a landmarks folder, computed by worker processes."""

    parallel: ParallelMap
    pictures: list[NDArray[np.uint8]]
    data: LabelledFaces
    models_dir: Path | None

    def __call__(
        self, picks: list[NDArray[np.int64]], variant: str, epoch: int = 0
    ) -> Iterator[NDArray[np.float32]]:
        """float32 (B, 24, 24, 64) for each of ``picks``, which are indices (B,) of rows with a face."""
        preparation = self.data.folder.preparation
        tasks = (
            (
                self.models_dir,
                preparation,
                [self.pictures[row] for row in pick],
                [next_roi(self.data.faces.landmarks[row]) for row in pick],
                variant,
                [[epoch, int(row)] for row in pick],
            )
            for pick in picks
        )
        for maps in self.parallel.map(face_maps, tasks):
            yield maps.astype(np.float32)


def _train(
    trainer: Trainer,
    data: LabelledFaces,
    settings: TrainingSettings,
    maps: _FaceMaps,
    checkpoint: Checkpoint,
) -> Progress:
    """Train all epochs on augmented faces."""
    training, number, target = data.training, data.truth.number, data.truth.target
    votes = vote_distribution(data.rows.votes)
    weight = np.zeros(len(number), np.float32)
    weight[training] = row_weights(number[training], settings.balance)

    def batches_of(epoch: int, rng: np.random.Generator) -> Generator[Batch]:
        order = training[epoch_order(number[training], settings.balance, rng)]
        picks = list(batches(order, settings.batch))
        for pick, x in zip(picks, maps(picks, AUGMENTED, epoch), strict=True):
            yield Batch([x], target[pick], votes[pick], weight[pick])

    def judge() -> tuple[float, float]:
        logits = _logits(trainer, maps, data.validation, UNCHANGED)
        return validation_scores(logits, number[data.validation])

    progress, _ = learn(trainer, settings, batches_of, judge, checkpoint)
    return progress


def _logits(trainer: Trainer, maps: _FaceMaps, rows: NDArray[np.int64], variant: str) -> NDArray[np.float32]:
    """Logits float32 (N, C) of N rows."""
    picks = np.array_split(rows, range(256, len(rows), 256))
    return np.concatenate([trainer.predict([x]) for x in maps(picks, variant)])
