"""Networks of several runs as one."""

import json
import shutil

import keras
import numpy as np
import pytest

from convert.convert import convert
from edge.core.errors import DataError
from train.cli import main
from train.network.fuse import fuse


@pytest.fixture(scope="module")
def runs(toy_landmarks, quick_fit, copy_as_0_7, tmp_path_factory):
    """Two runs with different inputs, one of them also as version 0.7 wrote it and with other settings."""
    folder = tmp_path_factory.mktemp("runs")
    quick_fit(toy_landmarks, folder / "landmarks", "inputs=landmarks", "epochs=3")
    quick_fit(toy_landmarks, folder / "maps", "inputs=fine_map,coarse_map", "epochs=3")
    copy_as_0_7(folder / "landmarks", folder / "old")
    info = json.loads(shutil.copytree(folder / "maps", folder / "other").joinpath("run.json").read_text())
    info["settings"]["validation"] = 0.2
    (folder / "other" / "run.json").write_text(json.dumps(info))
    return folder


@pytest.fixture(scope="module")
def fused(runs):
    fuse([runs / "landmarks", runs / "maps"], runs / "fused")
    return runs / "fused"


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
    assert [*rows] == ["landmarks", "fine_map", "coarse_map"]
    expected = 0
    for name in ("landmarks", "maps"):
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
    assert info["fused"][1]["name"] == "maps"
    assert len(arrays["validation/fine_map"]) == found.sum()
    right = given[found].argmax(axis=1) == arrays["validation/number"]
    assert right.mean() == pytest.approx(scores["validation"]["accuracy_found"])
    assert model.layers[-1].units == 7


def test_it_becomes_a_bundle(fused, tmp_path):
    convert(fused, tmp_path / "bundle", "fused", accept_loss=True)
    description = json.loads((tmp_path / "bundle" / "model.json").read_text())
    assert [entry["name"] for entry in description["inputs"]] == ["landmarks", "fine_map", "coarse_map"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("landmarks",), "expected two runs or more, each with inputs of its own, found 1 with landmarks"),
        (("landmarks", "landmarks"), "found 2 with landmarks, landmarks"),
        (("landmarks", "other"), "has other landmarks, classes, rows or settings"),
        (("landmarks", "nowhere"), "nowhere is no whole run folder of fit"),
    ],
)
def test_runs_that_do_not_go_together(runs, tmp_path, names, message):
    with pytest.raises(DataError, match=message):
        fuse([runs / name for name in names], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_of_version_0_7_through_the_command_line(runs, command, tmp_path):
    code, printed, error = command(main, "fuse", runs / "maps", runs / "old", "--out", tmp_path / "run")
    assert (code, error) == (0, "")
    assert "PublicTest: accuracy" in printed
    assert printed.splitlines()[-1].startswith("maps and old → ")
    parts = json.loads((tmp_path / "run" / "run.json").read_text())["fused"]
    assert parts[0]["settings"].keys() == parts[1]["settings"].keys()
