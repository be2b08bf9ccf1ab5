"""``mien train teach``, and ``fit`` that learns from it."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

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
from train.dataset import landmarks_folder
from train.fit import rows_and_classes
from train.settings import Settings
from train.teacher import answers, crops, teach
from train.teacher.answers import read_answers
from train.teacher.landmark_network import ENDS, START, landmark_network

ROOT = Path(__file__).resolve().parents[3]
PORTRAIT = Roi(225, 125, 200, 0.0)
"""The astronaut's face."""


@pytest.fixture(scope="module")
def portrait():
    try:
        return read_picture(assets.find(assets.ASTRONAUT))
    except ModelError as error:
        pytest.skip(str(error))


def maps(portrait, how, seed=0):
    return crops.look(None, Preparation(1.0, 0.0), [portrait], [PORTRAIT], how, [[seed]])


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


def test_looks_are_repeatable_and_differ(portrait):
    first = maps(portrait, crops.AS_IT_IS)
    assert first.shape == (1, 24, 24, 64)
    assert np.array_equal(first, maps(portrait, crops.AS_IT_IS, seed=1))
    assert np.array_equal(maps(portrait, crops.VARIED, 3), maps(portrait, crops.VARIED, 3))
    others = [maps(portrait, crops.MIRRORED), *(maps(portrait, crops.VARIED, seed) for seed in range(3))]
    assert all(np.abs(first - other).max() > 0.5 for other in others)


def train(*arguments):
    command = [sys.executable, "-m", "train", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def taught(fer_csv, tmp_path_factory):
    """A landmarks folder of real pictures, and the run folder of its teacher."""
    folder = tmp_path_factory.mktemp("taught")
    result = train("extract", fer_csv, "--out", folder / "landmarks")
    assert result.returncode == 0, result.stderr
    settings = ("epochs=2", "batch=32", "validation=0.2", "averaging=0.9")
    result = train("teach", fer_csv, folder / "landmarks", "--out", folder / "teacher", "--set", *settings)
    assert result.returncode == 0, result.stderr
    assert re.search(r"epoch   2 .*\nvalidation accuracy \d\d\.\d\d%, \d+ s → ", result.stdout)
    return folder


def test_answers(taught):
    with np.load(taught / "teacher" / "answers.npz") as archive:
        probabilities = archive["probabilities"]
    info = json.loads((taught / "teacher" / "run.json").read_text())
    assert info["settings"]["epochs"] == 2
    sums = probabilities.sum(axis=1)
    assert np.allclose(sums[sums > 0], 1, atol=1e-5)
    assert 250 < (sums > 0).sum() <= 300  # Training rows with a face; PublicTest has no answers
    assert probabilities.max(axis=1).std() > 0.01


def test_a_student_learns_from_it(taught, tmp_path):
    quick = ("epochs=1", "batch=32", "validation=0.2", "hidden=16", "channels=4,4", "narrow=4", "teacher=1")
    runs = {}
    for name, teacher in (("alone", ()), ("taught", ("--teacher", taught / "teacher"))):
        runs[name] = tmp_path / name
        result = train("fit", taught / "landmarks", "--out", runs[name], *teacher, "--set", *quick)
        assert result.returncode == 0, result.stderr
    info = {name: json.loads((run / "run.json").read_text()) for name, run in runs.items()}
    assert info["alone"]["teachers"] == []
    assert info["taught"]["teachers"] == ["teacher"]
    weights = [(run / "model.keras").read_bytes() for run in runs.values()]
    assert weights[0] != weights[1]


def test_a_teacher_of_other_rows_is_refused(taught, tmp_path):
    info = json.loads((taught / "landmarks" / "info.json").read_text())
    student = Settings(validation=0.2)
    rows = len(landmarks_folder.load(taught / "landmarks").rows)
    assert read_answers(taught / "teacher", rows_and_classes(info, student), rows).shape == (rows, 7)
    for other in (replace(student, labels=8), replace(student, validation=0.1)):
        with pytest.raises(DataError, match="expected the student's"):
            read_answers(taught / "teacher", rows_and_classes(info, other), rows)
    broken = shutil.copytree(taught / "teacher", tmp_path / "broken")
    (broken / "answers.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match="no whole run folder of teach"):
        read_answers(broken, rows_and_classes(info, student), rows)


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


def test_other_data_is_refused(taught, fer_csv, tmp_path):
    other = tmp_path / "fer2013.csv"
    other.write_bytes(fer_csv.read_bytes()[:-3000])
    result = train("teach", other, taught / "landmarks", "--out", tmp_path / "run")
    assert result.returncode == 1
    assert "is not the data that" in result.stderr.splitlines()[-1]
    assert not (tmp_path / "run").exists()


def test_data_that_gives_other_rows_than_before_is_refused(taught, fer_csv, tmp_path, monkeypatch):
    """As after an update that reads a picture which was skipped when the landmarks were extracted."""

    def one_more(*arguments, **options):
        first, *others = read_dataset(*arguments, **options)
        return [first, first, *others]

    monkeypatch.setattr(answers, "read_dataset", one_more)
    settings = replace(teach.SETTINGS, batch=32, validation=0.2)
    with pytest.raises(DataError, match=r"fer2013\.csv has other rows than .*: extract again"):
        teach.teach(fer_csv, taught / "landmarks", tmp_path / "run", settings)
