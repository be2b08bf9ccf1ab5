"""The answers of a teacher to the rows of a landmarks folder, and the run folder that holds them."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError, as_data_error
from edge.core.files import replacing_folder
from evaluation import fingerprint, read_dataset
from train.dataset.labelled_faces import LabelledFaces
from train.dataset.landmarks_folder import LandmarksFolder
from train.npz import read_npz, write_npz
from train.settings import TrainingSettings
from train.versions import training_versions

ANSWERS_FILE = "answers.npz"


def read_pictures(pictures: Path, classes: Path | None, folder: LandmarksFolder) -> list[NDArray[np.uint8]]:
    """All pictures of a landmarks folder, see ``each_picture``."""
    return list(each_picture(pictures, classes, folder))


def check_pictures(pictures: Path, classes: Path | None, folder: LandmarksFolder) -> None:
    """Check that a landmarks folder was made from these pictures.

    Raises:
        DataError: it was made from other data.
    """
    if fingerprint(pictures, classes).sha256 != folder.info["data"]["sha256"]:
        raise DataError(f"{pictures} is not the data that {folder.path} was made from: extract again")


def each_picture(
    pictures: Path, classes: Path | None, folder: LandmarksFolder
) -> Iterator[NDArray[np.uint8]]:
    """The pictures of a landmarks folder, in the order of its rows: uint8 (H, W) or (H, W, 3) each.

    Raises:
        DataError: the folder was made from other data.
    """
    check_pictures(pictures, classes, folder)
    samples = read_dataset(pictures, on_bad=lambda message: None, mapping=classes)
    for sample, name in zip_longest(samples, folder.rows.name.tolist()):
        if sample is None or sample.name != name:
            # Another version of OpenCV, or of this program, reads more of the same files, or fewer.
            raise DataError(f"{pictures} has other rows than {folder.path}: extract again")
        yield sample.picture


def rows_and_classes(landmarks: dict[str, Any], settings: TrainingSettings) -> dict[str, Any]:
    """Data, split and classes that a teacher and its students must have in common: with another split, the
    teacher would have been trained on faces that the student is validated on.

    Args:
        landmarks: ``info`` of the landmarks folder.
        settings: settings of the student, or of the teacher.
    """
    return {
        "data": landmarks["data"]["sha256"],
        "preparation": landmarks["preparation"],
        "labels": settings.labels,
        "truth": settings.truth,
        "validation": settings.validation,
    }


def write_answers(
    out: Path,
    data: LabelledFaces,
    settings: TrainingSettings,
    answers: NDArray[np.float32],
    info: dict[str, Any],
) -> float:
    """Write the run folder of a teacher, whole or not at all; gives its accuracy on the validation faces.

    Args:
        out: must not be there.
        data: the faces.
        settings: settings of the teacher.
        answers: probabilities float32 (K, C) of the rows ``data.known``.
        info: further content of ``run.json``.

    Raises:
        FileExistsError: something has come to ``out`` meanwhile; the message says where the run is.
        OSError: a full disk, for instance; nothing is left behind.
    """
    probabilities = np.zeros((len(data.rows), answers.shape[1]), np.float32)
    probabilities[data.known] = answers
    right = probabilities[data.validation].argmax(axis=1) == data.truth.number[data.validation]
    content = {
        **info,
        "validation_accuracy": float(right.mean()),
        "settings": asdict(settings),
        "expected": rows_and_classes(data.folder.info, settings),
        "versions": training_versions(),
    }
    with replacing_folder(out, only_new=True) as run:
        write_npz(run / ANSWERS_FILE, {"probabilities": probabilities})
        (run / "run.json").write_text(json.dumps(content, indent=1) + "\n")
    return float(right.mean())


def read_answers(run: Path, expected: dict[str, Any], rows: int) -> NDArray[np.float32]:
    """A teacher's answers to all rows of the landmarks folder.

    Args:
        run: run folder of the teacher.
        expected: ``rows_and_classes`` of the student.
        rows: number of rows of the landmarks folder.

    Returns:
        Probabilities, float32 (rows, C); zeros in rows that are not trained on.

    Raises:
        DataError: no run folder of ``teach``, or one of other data, rows or classes.
    """
    with as_data_error(f"the teacher {run} is no whole run folder of teach", "teach again"):
        found = json.loads((run / "run.json").read_text())["expected"]
        probabilities = read_npz(run / ANSWERS_FILE, ["probabilities"])["probabilities"]
    if found != expected:
        raise DataError(
            f"the teacher {run} was trained on {found}, expected the student's {expected}: name a teacher of "
            "the same data and settings"
        )
    shape = (rows, expected["labels"])
    if probabilities.shape != shape or probabilities.dtype.kind != "f":
        raise DataError(
            f"the teacher {run} has answers of shape {probabilities.shape}, type {probabilities.dtype}, "
            f"expected {shape}, float32: teach again"
        )
    return probabilities
