"""A ready network as a teacher: its answers to the training faces."""

from dataclasses import asdict
from pathlib import Path

import numpy as np

from edge.core.errors import DataError
from evaluation import Preparation, prepare
from evaluation.label_sets import LABEL_SETS
from train.dataset import landmarks_folder, training_data
from train.fit import rows_and_classes, versions
from train.output import check_new
from train.settings import Settings
from train.teacher import faceapi
from train.teacher.answers import pictures_of, write_answers

CHUNK = 1024
"""Faces that are asked about at once."""


def ask(
    pictures: Path, landmarks: Path, out: Path, settings: Settings, network: Path, classes: Path | None = None
) -> None:
    """Ask face-api's expression network about all training and validation faces.

    Args:
        pictures: the data that was extracted.
        landmarks: folder of extract: rows, labels, and where the faces are.
        out: gets ``run.json`` and ``answers.npz``.
        settings: labels, truth, validation, as the student will have them.
        network: folder of the package, see ``train.teacher.faceapi``.
        classes: names of class folders.

    Raises:
        DataError: the data is not the one that was extracted, the package is not the one that is known, or
            ``out`` is there already or cannot be written.
        FileExistsError: something has come to ``out`` meanwhile; the message says where the run is.
        OSError: a full disk, for instance; nothing is left behind.
    """
    check_new(out)
    model = faceapi.read_network(network)
    folder = landmarks_folder.load(landmarks)
    rows, faces = folder.rows, folder.faces()
    labels = LABEL_SETS[settings.labels]
    truth = training_data.truth(rows, labels, settings.truth)
    split = training_data.split_rows(rows, truth.number, settings.validation)
    own = split.validation[faces.found[split.validation]]
    if not len(own):
        raise DataError(f"{landmarks} has no faces to validate: use more data, or extract again")
    of_rows = pictures_of(pictures, classes, folder)
    preparation = Preparation(**folder.info["preparation"])
    known = np.sort(np.concatenate([split.training, split.validation]))
    known = known[faces.found[known]]
    probabilities = np.zeros((len(rows), len(labels.labels)), np.float32)
    for chunk in np.array_split(known, range(CHUNK, len(known), CHUNK)):
        seen = [
            faceapi.cut_out(
                prepare(of_rows[row], preparation.scale, preparation.padding), faces.landmarks[row]
            )
            for row in chunk
        ]
        probabilities[chunk] = faceapi.answers(model, np.stack(seen), labels)
    right = float((probabilities[own].argmax(axis=1) == truth.number[own]).mean())
    info = {
        "kind": "face-api",
        "files": faceapi.FILES,
        "settings": asdict(settings),
        "expected": rows_and_classes(folder.info, settings),
        "validation_accuracy": right,
        "versions": versions(),
    }
    write_answers(out, info, probabilities)
    print(f"validation accuracy {right:.2%} → {out}")
