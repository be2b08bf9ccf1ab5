"""``mien train teach``, and ``fit`` that learns from it."""

import json
import re
import shutil
from contextlib import redirect_stdout
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge.core.errors import DataError, ModelError
from edge.core.runtime import make_interpreter
from edge.core.types import Roi
from edge.landmarks import assets
from edge.landmarks.models import find_models
from edge.landmarks.surgery.tap import tap
from edge.sources.pictures import read_picture
from evaluation import Preparation, read_dataset
from tests.train.runs import info
from train.cli import main
from train.dataset import landmarks_folder
from train.dataset.labelled_faces import open_labelled_faces
from train.network.training_set import TrainingSet
from train.settings import TrainingSettings
from train.teacher import answers, teach
from train.teacher.answers import read_answers, rows_and_classes
from train.teacher.face_maps import AUGMENTED, MIRRORED, UNCHANGED, face_maps
from train.teacher.landmark_network import ENDS, START, landmark_network

PORTRAIT = Roi(225, 125, 200, 0.0)
"""The astronaut's face."""


@pytest.fixture(scope="module")
def portrait():
    try:
        return read_picture(assets.find(assets.ASTRONAUT))
    except ModelError as error:
        pytest.skip(str(error))


def maps(portrait, variant, seed=0):
    return face_maps(None, Preparation(1.0, 0.0), [portrait], [PORTRAIT], variant, [[seed]])


def test_the_keras_copy_gives_the_maps_of_the_original(portrait):
    model = find_models().landmarker
    interpreter = make_interpreter(tap(model, (START, *ENDS)), 1, "the model")
    crop = cv2.resize(portrait[25:225, 125:325], (192, 192))
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], crop[None])
    interpreter.invoke()
    copy = landmark_network(model, START, ENDS)
    for end, values in zip(ENDS, copy(interpreter.get_tensor(START)), strict=True):
        expected = interpreter.get_tensor(end)
        assert np.abs(expected).mean() > 0.5
        np.testing.assert_allclose(values, expected, atol=1e-4)


def test_a_tensor_that_does_not_follow(portrait):
    with pytest.raises(KeyError):
        landmark_network(find_models().landmarker, START, (53,))


def test_variants_are_repeatable_and_differ(portrait):
    first = maps(portrait, UNCHANGED)
    assert first.shape == (1, 24, 24, 64)
    assert np.array_equal(first, maps(portrait, UNCHANGED, seed=1))
    assert np.array_equal(maps(portrait, AUGMENTED, 3), maps(portrait, AUGMENTED, 3))
    others = [maps(portrait, MIRRORED), *(maps(portrait, AUGMENTED, seed) for seed in range(3))]
    assert all(np.abs(first - other).max() > 0.5 for other in others)


SETTINGS = replace(teach.SETTINGS, epochs=1, batch=32, validation=0.2, ema_decay=0.9)


@pytest.fixture(scope="module")
def taught(fer_csv, fer_landmarks, tmp_path_factory):
    """The run folder of a teacher of real pictures."""
    out = tmp_path_factory.mktemp("taught") / "teacher"
    with (out.parent / "stdout").open("w") as file, redirect_stdout(file):
        teach.teach(fer_csv, fer_landmarks, out, SETTINGS)
    return out


def test_answers(taught):
    printed = (taught.parent / "stdout").read_text()
    assert re.search(r"epoch   1 .*\nvalidation accuracy \d\d\.\d\d%, \d+ s → ", printed)
    with np.load(taught / "answers.npz") as archive:
        probabilities = archive["probabilities"]
    assert info(taught)["settings"]["epochs"] == 1
    sums = probabilities.sum(axis=1)
    assert np.allclose(sums[sums > 0], 1, atol=1e-5)
    assert 125 < (sums > 0).sum() <= 150  # Training rows with a face; PublicTest has no answers
    assert probabilities.max(axis=1).std() > 0.01


def test_a_student_learns_from_it(taught, fer_landmarks, quick_fit, copy_as_0_7, tmp_path):
    """From a teacher as version 0.7 wrote it."""
    old = copy_as_0_7(taught, tmp_path / "teacher")
    quick = ("inputs=landmarks", "epochs=1", "batch=32", "validation=0.2", "teacher_weight=0.6")
    run = quick_fit(fer_landmarks, tmp_path / "run", *quick, teachers=[old])
    assert info(run)["teachers"] == ["teacher"]
    settings = TrainingSettings().override([*quick, "batch=1"])
    data = open_labelled_faces(fer_landmarks, settings)
    drawn = TrainingSet(data, settings, [old]).batches(0, np.random.default_rng(0))
    targets = np.concatenate([batch.target for batch in drawn])
    with np.load(taught / "answers.npz") as archive:
        expected = 0.6 * archive["probabilities"] + 0.4 * data.truth.target
    np.testing.assert_allclose(np.sort(targets, axis=0), np.sort(expected[data.training], axis=0), atol=1e-5)


def test_a_teacher_of_other_rows_is_refused(taught, fer_landmarks, tmp_path):
    folder, student = landmarks_folder.load(fer_landmarks), TrainingSettings(validation=0.2)
    rows = len(folder.rows)
    assert read_answers(taught, rows_and_classes(folder.info, student), rows).shape == (rows, 7)
    for other in (replace(student, labels=8), replace(student, validation=0.1)):
        with pytest.raises(DataError, match="expected the student's"):
            read_answers(taught, rows_and_classes(folder.info, other), rows)
    broken = shutil.copytree(taught, tmp_path / "broken")
    (broken / "answers.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match="no whole run folder of teach"):
        read_answers(broken, rows_and_classes(folder.info, student), rows)


@pytest.mark.parametrize(
    "probabilities",
    [np.ones((5, 3), np.float32), np.ones((6, 4), np.float32), np.ones((6, 3), np.uint8), np.array("x")],
)
def test_answers_to_other_rows_or_classes_are_refused(tmp_path, probabilities):
    expected = {"data": "0" * 64, "labels": 3}
    (tmp_path / "run.json").write_text(json.dumps({"expected": expected}))
    np.savez(tmp_path / "answers.npz", probabilities=np.ones((6, 3), np.float32))
    assert read_answers(tmp_path, expected, 6).shape == (6, 3)
    np.savez(tmp_path / "answers.npz", probabilities=probabilities)
    with pytest.raises(DataError, match=r"answers of shape .* expected \(6, 3\), float32: teach again"):
        read_answers(tmp_path, expected, 6)


def test_other_data_is_refused(fer_csv, fer_landmarks, command, tmp_path):
    other = tmp_path / "fer2013.csv"
    other.write_bytes(fer_csv.read_bytes()[:-3000])
    flags = ("--out", tmp_path / "run", "--set", "batch=32", "validation=0.2")
    code, _, error = command(main, "teach", other, fer_landmarks, *flags)
    assert code == 1
    assert "is not the data that" in error.splitlines()[-1]
    assert not (tmp_path / "run").exists()


def test_data_that_gives_other_rows_than_before_is_refused(fer_csv, fer_landmarks, tmp_path, monkeypatch):
    """As after an update that reads a picture which was skipped when the landmarks were extracted."""

    def one_more(*arguments, **options):
        first, *others = read_dataset(*arguments, **options)
        return [first, first, *others]

    monkeypatch.setattr(answers, "read_dataset", one_more)
    with pytest.raises(DataError, match=r"fer2013\.csv has other rows than .*: extract again"):
        teach.teach(fer_csv, fer_landmarks, tmp_path / "run", SETTINGS)
