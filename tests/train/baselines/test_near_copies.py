"""Faces of evaluation pictures that look like one of a training picture."""

import json

import numpy as np
import pytest

from tests.train.baselines.meshes import make_meshes
from tests.train.rows import make_rows
from train.baselines.data import PROTOCOLS, open_problem, with_faces
from train.baselines.near_copies import near_copies
from train.cli import main
from train.dataset import landmarks_folder
from train.dataset.landmarks_folder import Faces

TRAINING, EVALUATION, NEAR = 140, 70, 30


@pytest.fixture(scope="module")
def remembered(write_landmarks, tmp_path_factory):
    """Faces that tell nothing of their label; the first evaluation rows are training rows in another light,
    with a little noise."""
    rng = np.random.default_rng(0)
    count = TRAINING + EVALUATION
    label = rng.integers(0, 7, count)
    mesh = make_meshes(rng, np.zeros(count, int), spread=5)
    texture = rng.normal(0, 1, (count, 48, 48, 1))
    near = np.arange(TRAINING, TRAINING + NEAR)
    label[near], mesh[near] = label[:NEAR], mesh[:NEAR]
    texture[near] = 0.5 * texture[:NEAR] + 0.3 + rng.normal(0, 0.1, (NEAR, 48, 48, 1))
    found = np.ones(count, bool)  # without a face there is nothing to compare
    found[near[0]] = found[-10:] = False
    split = np.where(np.arange(count) < TRAINING, "Training", "PublicTest")
    faces = Faces(mesh, found, {"texture": texture.astype(np.float16)})
    folder = tmp_path_factory.mktemp("remembered") / "faces"
    return write_landmarks(folder, make_rows(label, split=split), [faces])


def test_they_are_found_in_another_light(remembered):
    data = with_faces(landmarks_folder.load(remembered), None)
    problem = open_problem(data, 7, next(iter(PROTOCOLS)))
    held_out = np.isin(np.arange(NEAR), problem.split.validation)  # is not trained on
    expected = TRAINING + np.flatnonzero(~held_out)
    assert np.flatnonzero(near_copies(problem)).tolist() == expected[expected != TRAINING].tolist()


def test_a_tree_remembers_them(remembered, tmp_path):
    flags = ("--only", "classical/tree-68", "--labels", "7", "--workers", "1")
    assert main(["baselines", str(remembered), "--out", str(tmp_path), *flags]) == 0
    (row,) = json.loads((tmp_path / "baselines.json").read_text())["rows"]
    near = row["near_copies"]
    assert near["rows"] > 20
    assert near["accuracy"] == 1
    assert near["accuracy_others"] < 0.4
    share = near["rows"] / (EVALUATION - 11)  # of the faces that were found
    mean = share * near["accuracy"] + (1 - share) * near["accuracy_others"]
    assert mean == pytest.approx(row["accuracy_found"])
    assert "Does a method remember faces?" in (tmp_path / "baselines.md").read_text("utf-8")
