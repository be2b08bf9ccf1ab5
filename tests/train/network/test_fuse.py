"""Networks of several runs as one."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from edge.core.errors import DataError
from edge.core.quantize import softmax
from train.fit import fit
from train.network.fuse import fuse
from train.settings import Settings

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def runs(toy_landmarks, quick, tmp_path_factory):
    """Two runs that see different things, and one with other validation rows."""
    folder = tmp_path_factory.mktemp("runs")
    own = {"seen": "inputs=landmarks", "felt": "inputs=texture,coarse_map", "other": "validation=0.2"}
    for name, setting in own.items():
        fit(
            toy_landmarks,
            folder / name,
            Settings().override([*quick, "inputs=landmarks", setting, "epochs=3"]),
        )
    return folder


@pytest.fixture(scope="module")
def fused(runs):
    fuse([runs / "seen", runs / "felt"], runs / "fused")
    return runs / "fused"


def run(*arguments):
    """A command; gives what it printed."""
    command = [sys.executable, "-m", *map(str, arguments)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def load(folder):
    with np.load(folder / "fit.npz") as archive:
        arrays = dict(archive)
    model = keras.saving.load_model(folder / "model.keras", compile=False)
    return json.loads((folder / "run.json").read_text()), arrays, model


def test_the_logits_are_the_mean_of_the_calibrated_ones(runs, fused):
    rng = np.random.default_rng(0)
    info, _, model = load(fused)
    rows = {
        entry["name"]: rng.normal(size=(20, *entry["shape"])).astype(np.float32) for entry in info["inputs"]
    }
    assert [*rows] == ["landmarks", "texture", "coarse_map"]
    expected = 0
    for name in ("seen", "felt"):
        part, _, network = load(runs / name)
        taken = [rows[entry["name"]] for entry in part["inputs"]]
        expected = expected + network.predict(taken, verbose=0) / part["temperature"] / 2
    np.testing.assert_allclose(model.predict([*rows.values()], verbose=0), expected, atol=1e-4)


def test_its_figures_are_those_of_its_answers(fused):
    info, arrays, model = load(fused)
    scores = {entry["name"]: entry for entry in json.loads((fused / "report.json").read_text())["splits"]}
    assert scores["PublicTest"]["accuracy_found"] > 0.8
    with np.load(fused / "predictions.npz") as archive:
        given, found = archive["probabilities_0"], archive["found_0"]
    assert np.allclose(given[found].sum(axis=1), 1, atol=1e-5)
    assert info["fused"][1]["name"] == "felt"
    assert len(arrays["validation/texture"]) == found.sum()
    logits = np.log(given[found]) * info["temperature"]
    right = softmax(logits).argmax(axis=1) == arrays["validation/number"]
    assert right.mean() == pytest.approx(scores["validation"]["accuracy_found"])
    assert model.layers[-1].units == 7


def test_it_becomes_a_bundle(fused, tmp_path):
    command = [
        sys.executable,
        "-m",
        "convert",
        str(fused),
        "--out",
        str(tmp_path / "bundle"),
        "--accept-loss",
    ]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    description = json.loads((tmp_path / "bundle" / "model.json").read_text())
    assert [entry["name"] for entry in description["inputs"]] == ["landmarks", "texture", "coarse_map"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("seen",), "expected two runs or more, each with inputs of its own, found 1 with landmarks"),
        (("seen", "seen"), "found 2 with landmarks, landmarks"),
        (("seen", "other"), "has other landmarks, classes, rows or settings"),
        (("seen", "nowhere"), "nowhere is no whole run folder of fit"),
    ],
)
def test_runs_that_do_not_go_together(runs, tmp_path, names, message):
    with pytest.raises(DataError, match=message):
        fuse([runs / name for name in names], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_through_the_command_line(runs, tmp_path):
    command = [sys.executable, "-m", "train", "fuse", str(runs / "felt"), str(runs / "seen"), "--out"]
    result = subprocess.run(
        [*command, str(tmp_path / "run")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "PublicTest: accuracy" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("felt and seen → ")
