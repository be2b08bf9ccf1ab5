"""Networks of several runs as one."""

import json
import shutil
from contextlib import redirect_stdout

import keras
import numpy as np
import pytest

from convert.convert import convert
from edge.core.errors import DataError
from tests.train.runs import info, scores
from train.cli import main
from train.network.fuse import fuse


@pytest.fixture(scope="module")
def runs(plain_run, maps_run, copy_as_0_7, tmp_path_factory):
    """Two runs with different inputs, one as version 0.7 wrote it, the other also with other settings."""
    folder = tmp_path_factory.mktemp("runs")
    copy_as_0_7(plain_run, folder / "landmarks")
    shutil.copytree(maps_run, folder / "maps")
    found = info(shutil.copytree(maps_run, folder / "other"))
    found["settings"]["validation"] = 0.2
    (folder / "other" / "run.json").write_text(json.dumps(found))
    return folder


@pytest.fixture(scope="module")
def fused(runs):
    """Both as one, by the command line; beside it ``stdout``."""
    parts = (runs / "landmarks", runs / "maps")
    with (runs / "stdout").open("w") as file, redirect_stdout(file):
        assert main(["fuse", *map(str, parts), "--out", str(runs / "fused")]) == 0
    return runs / "fused"


def load(folder):
    with np.load(folder / "fit.npz") as archive:
        arrays = dict(archive)
    model = keras.saving.load_model(folder / "model.keras", compile=False)
    return info(folder), arrays, model


def test_the_logits_are_the_mean_of_the_calibrated_ones(runs, fused):
    rng = np.random.default_rng(0)
    found, _, model = load(fused)
    rows = {
        entry["name"]: rng.normal(size=(20, *entry["shape"])).astype(np.float32) for entry in found["inputs"]
    }
    assert [*rows] == ["landmarks", "fine_map", "coarse_map"]
    expected = 0
    for name in ("landmarks", "maps"):
        part, _, network = load(runs / name)
        taken = [rows[entry["name"]] for entry in part["inputs"]]
        expected = expected + network.predict(taken, verbose=0) / part["temperature"] / 2
    np.testing.assert_allclose(model.predict([*rows.values()], verbose=0), expected, atol=1e-4)


def test_its_figures_are_those_of_its_answers(fused):
    record, arrays, model = load(fused)
    assert scores(fused)["PublicTest"]["accuracy_found"] > 0.8
    with np.load(fused / "predictions.npz") as archive:
        given, found = archive["probabilities_0"], archive["found_0"]
    assert np.allclose(given[found].sum(axis=1), 1, atol=1e-5)
    assert len(arrays["validation/fine_map"]) == found.sum()
    right = given[found].argmax(axis=1) == arrays["validation/number"]
    assert right.mean() == pytest.approx(scores(fused)["validation"]["accuracy_found"])
    assert model.layers[-1].units == 7
    first, second = record["fused"]
    assert second["name"] == "maps"
    assert first["settings"].keys() == second["settings"].keys()
    printed = (fused.parent / "stdout").read_text()
    assert "PublicTest: accuracy" in printed
    assert printed.splitlines()[-1].startswith("landmarks and maps → ")


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
