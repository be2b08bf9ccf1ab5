"""face-api's network as a teacher. The package is fetched from npm where it is at hand; it is no part of this
project."""

import json
from pathlib import Path

import numpy as np
import pytest

from edge.core.errors import DataError
from edge.core.types import Frame
from edge.landmarks.litert import LitertBackend
from edge.landmarks.models import find_models
from evaluation import prepare
from evaluation.label_sets import FER2013, LABEL_SETS
from train.cli import main
from train.dataset import landmarks_folder
from train.teacher import faceapi
from train.teacher.face_square import cut_out

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT.parent / "shared" / "data"
ANSWERS = DATA / "faceapi_fer2013_dev.npz"


@pytest.fixture(scope="module")
def network(faceapi_package):
    return faceapi.read_network(faceapi_package)


def test_it_answers_as_the_original_does(network):
    """The original's answers were taken in Node; it was given a crop by another way of resizing."""
    if not ANSWERS.is_file():
        pytest.skip(f"needs {ANSWERS}, which is not part of the project")
    with np.load(ANSWERS) as archive, np.load(DATA / "fer2013_dev.npz") as fer:
        expected, pictures = archive["probabilities"][:60].astype(np.float32), fer["images"][:60]
    backend = LitertBackend(find_models())
    faces, rows = [], []
    for row, picture in enumerate(pictures):
        rgb = prepare(picture, 1.0, 0.3)
        for face in backend.find(Frame(rgb, 0, row, "", still=True)):
            faces.append(cut_out(rgb, face.landmarks, faceapi.SIDE))
            rows.append(row)
    logits = network.predict(np.stack(faces).astype(np.float32), verbose=0)
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    mine = (shifted / shifted.sum(axis=1, keepdims=True))[:, [faceapi.ORDER.index(name) for name in FER2013]]
    difference = np.abs(mine - expected[rows]).max(axis=1)
    assert len(rows) > 50
    assert np.median(difference) < 0.002
    assert np.quantile(difference, 0.95) < 0.05


def test_mirrored_faces_get_the_same_answers(network):
    faces = np.random.default_rng(0).integers(0, 256, (3, 112, 112, 3), np.uint8)
    labels = LABEL_SETS[7]
    mine = faceapi.answers(network, faces, labels)
    assert (mine.shape, mine.dtype) == ((3, 7), np.float32)
    np.testing.assert_allclose(mine.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(faceapi.answers(network, faces[:, :, ::-1], labels), mine, atol=1e-5)


@pytest.mark.parametrize(("labels", "zero"), [(8, "contempt"), (6, None), (3, None)])
def test_for_other_classes(network, labels, zero):
    faces = np.random.default_rng(1).integers(0, 256, (2, 112, 112, 3), np.uint8)
    mine = faceapi.answers(network, faces, LABEL_SETS[labels])
    np.testing.assert_allclose(mine.sum(axis=1), 1, rtol=1e-5)
    if zero:
        assert not mine[:, LABEL_SETS[labels].labels.index(zero)].any()


class TestWrongPackages:
    def test_a_missing_one(self, tmp_path):
        with pytest.raises(DataError, match=r"cannot be read .*npm pack @vladmandic/face-api@1\.7\.15"):
            faceapi.read_network(tmp_path / "nowhere")

    def test_another_version(self, tmp_path):
        (tmp_path / faceapi.MANIFEST).write_text("[]")
        with pytest.raises(DataError, match=r"is not that of @vladmandic/face-api 1\.7\.15"):
            faceapi.read_network(tmp_path)


def test_its_answers_are_what_a_student_learns_from(
    faceapi_package, fer_csv, fer_landmarks, command, quick_fit, tmp_path
):
    teacher = tmp_path / "faceapi"
    flags = ("--out", teacher, "--faceapi", faceapi_package, "--set", "validation=0.2")
    code, printed, error = command(main, "teach", fer_csv, fer_landmarks, *flags)
    assert (code, error) == (0, "")
    info = json.loads((teacher / "run.json").read_text())
    assert info["kind"] == "face-api"
    assert info["validation_accuracy"] > 0.4
    assert f"validation accuracy {info['validation_accuracy']:.2%}" in printed
    rows = landmarks_folder.load(fer_landmarks).rows
    with np.load(teacher / "answers.npz") as archive:
        asked = archive["probabilities"].sum(axis=1) > 0
    assert not asked[rows.split != "Training"].any()
    assert asked[rows.split == "Training"].mean() > 0.9
    settings = ("inputs=texture", "hidden=", "epochs=1", "batch=32", "validation=0.2", "teacher_weight=1")
    run = quick_fit(fer_landmarks, tmp_path / "run", *settings, teachers=[teacher])
    assert json.loads((run / "run.json").read_text())["teachers"] == ["faceapi"]
