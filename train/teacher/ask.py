"""An existing network as a teacher: its answers to the training faces."""

from pathlib import Path

import numpy as np

from edge.core.errors import DataError
from edge.core.files import require_new_folder
from evaluation import Preparation, prepare
from train.dataset.labelled_faces import open_labelled_faces
from train.settings import TrainingSettings
from train.teacher import faceapi
from train.teacher.answers import read_pictures, write_answers

CHUNK = 1024
"""Number of faces that the network answers at once."""


def ask(
    pictures: Path,
    landmarks: Path,
    out: Path,
    settings: TrainingSettings,
    network: Path,
    classes: Path | None = None,
) -> None:
    """Write the answers of face-api's expression network to all training and validation faces.

    Args:
        pictures: the data that was extracted.
        landmarks: folder of ``extract``: rows, labels, and where the faces are.
        out: gets ``run.json`` and ``answers.npz``.
        settings: labels, truth and validation, as the student will have them.
        network: folder of the package, see ``train.teacher.faceapi``.
        classes: names of class folders.

    Raises:
        DataError: the data is not the data that was extracted, the package is not the known one, or
            ``out`` is there already or cannot be written.
        FileExistsError: something has come to ``out`` meanwhile; the message says where the run is.
        OSError: a full disk, for instance; nothing is left behind.
    """
    require_new_folder(out)
    model = faceapi.read_network(network)
    data = open_labelled_faces(landmarks, settings, maps=False)
    validation = data.validation
    if not len(validation):
        raise DataError(f"{landmarks} has no faces to validate: use more data, or extract again")
    of_rows = read_pictures(pictures, classes, data.folder)
    preparation = Preparation(**data.folder.info["preparation"])
    known = np.sort(np.concatenate([data.training, validation]))
    probabilities = np.zeros((len(data.rows), len(data.labels.labels)), np.float32)
    for chunk in np.array_split(known, range(CHUNK, len(known), CHUNK)):
        faces = [
            faceapi.cut_out(
                prepare(of_rows[row], preparation.scale, preparation.padding), data.faces.landmarks[row]
            )
            for row in chunk
        ]
        probabilities[chunk] = faceapi.answers(model, np.stack(faces), data.labels)
    right = float((probabilities[validation].argmax(axis=1) == data.truth.number[validation]).mean())
    info = {"kind": "face-api", "files": faceapi.FILES, "validation_accuracy": right}
    write_answers(out, data.folder.info, settings, probabilities, info)
    print(f"validation accuracy {right:.2%} → {out}")
