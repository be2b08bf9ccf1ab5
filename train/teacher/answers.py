"""What teachers leave to their students: a run folder with their answers to the rows of a landmarks
folder."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError
from edge.core.files import replacing_folder
from evaluation import fingerprint, read_dataset
from train.dataset import landmarks_folder

ANSWERS_FILE = "answers.npz"


def pictures_of(
    pictures: Path, classes: Path | None, folder: landmarks_folder.LandmarksFolder
) -> list[NDArray[np.uint8]]:
    """All pictures of a landmarks folder, in the order of its rows: uint8 (H, W) or (H, W, 3) each.

    Args:
        pictures: the data that was extracted.
        classes: names of class folders.
        folder: what was made from it.

    Raises:
        DataError: it was made from something else.
    """
    if fingerprint(pictures, classes).sha256 != folder.info["data"]["sha256"]:
        raise DataError(f"{pictures} is not the data that {folder.path} was made from: extract again")
    samples = list(read_dataset(pictures, on_bad=lambda message: None, mapping=classes))
    if [sample.name for sample in samples] != folder.rows.name.tolist():
        # Another version of OpenCV, or of this program, reads more of the same files, or fewer.
        raise DataError(f"{pictures} has other rows than {folder.path}: extract again")
    return [sample.picture for sample in samples]


def write_answers(out: Path, info: dict[str, Any], probabilities: NDArray[np.float32]) -> None:
    """Write the run folder, whole or not at all.

    Args:
        out: must not be there.
        info: for ``run.json``; ``expected`` is what a student must have in common with the teacher.
        probabilities: float32 (rows, C); zeros in rows that are not trained on.

    Raises:
        FileExistsError: something has come to ``out`` meanwhile; the message says where the run is.
        OSError: a full disk, for instance; nothing is left behind.
    """
    with replacing_folder(out, only_new=True) as run:
        landmarks_folder.write_npz(run / ANSWERS_FILE, {"probabilities": probabilities})
        (run / "run.json").write_text(json.dumps(info, indent=1) + "\n")


def read_answers(run: Path, expected: dict[str, Any], rows: int) -> NDArray[np.float32]:
    """What a teacher says about all rows of the landmarks folder.

    Args:
        run: its run folder.
        expected: what the student has in common with its teachers.
        rows: how many the landmarks folder has.

    Returns:
        Probabilities, float32 (rows, C); zeros in rows that are not trained on.

    Raises:
        DataError: no run folder of ``teach``, or one of other data, rows or classes.
    """
    try:
        found = json.loads((run / "run.json").read_text())["expected"]
        with np.load(run / ANSWERS_FILE, allow_pickle=False) as archive:
            probabilities = np.asarray(archive["probabilities"])  # what is no .npy inside comes as bytes
    except Exception as error:  # a damaged archive raises anything from zlib.error to SyntaxError
        raise DataError(f"the teacher {run} is no whole run folder of teach ({error}): teach again") from None
    if found != expected:
        raise DataError(f"the teacher {run} was trained on {found}, expected the student's {expected}")
    shape = (rows, expected["labels"])
    if probabilities.shape != shape or probabilities.dtype.kind != "f":
        raise DataError(
            f"the teacher {run} has answers of shape {probabilities.shape}, type {probabilities.dtype}, "
            f"expected {shape}, float32: teach again"
        )
    return probabilities
