"""``python -m train fit`` as a user calls it."""

import csv
import dataclasses
import json
import resource
import subprocess
import sys
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from edge.core.errors import DataError
from edge.core.labels import FER2013
from train import fit as fit_module
from train import landmarks_file
from train.data import feature_matrix, split_rows
from train.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("epochs=6", "hidden=32,16", "batch=64", "learning_rate=1e-2", "averaging=0.5")
FILES = {
    "confusion-PublicTest.png",
    "confusion-held-out_training_rows.png",
    "curves.png",
    "fit.npz",
    "history.csv",
    "model.keras",
    "report.json",
    "report.md",
    "run.json",
}


def fit(landmarks, out, *settings, **options):
    command = [sys.executable, "-m", "train", "fit", str(landmarks), "--out", str(out)]
    if settings:
        command += ["--set", *settings]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False, **options
    )


@pytest.fixture(scope="module")
def run(toy_landmarks, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "toy"
    result = fit(toy_landmarks, out, *QUICK)
    assert result.returncode == 0, result.stderr
    assert "epoch   6" in result.stdout
    assert "PublicTest: accuracy" in result.stdout
    return out


def read(path):
    return json.loads(path.read_text())


def test_the_run_folder(run):
    assert {entry.name for entry in run.iterdir()} == FILES
    assert [entry.name for entry in run.parent.iterdir()] == ["toy"]


def test_resolved_settings_and_origin_are_stored(run):
    info = read(run / "run.json")
    assert info["settings"]["epochs"] == 6
    assert info["settings"]["hidden"] == [32, 16]
    assert info["settings"]["seed"] == 0
    assert info["labels"] == list(FER2013)
    assert info["landmarks"]["data"]["file"] == "toy.csv"
    assert info["rows"]["training_copies_of_evaluation"] == 1
    assert info["rows"]["evaluation"] == {"PublicTest": 84}
    assert {"tensorflow", "keras", "numpy", "python", "mien"} <= info["versions"].keys()


def test_it_has_learned(run):
    assert read(run / "report.json")["evaluation"]["PublicTest"]["accuracy_found"] > 0.5


def test_history(run):
    with (run / "history.csv").open() as file:
        history = list(csv.DictReader(file))
    assert [entry["epoch"] for entry in history] == list("123456")
    assert float(history[5]["loss"]) < float(history[0]["loss"])
    assert read(run / "run.json")["best_epoch"] in range(1, 7)


def test_the_report_counts_misses_as_wrong(run, toy_landmarks):
    rows = landmarks_file.load(toy_landmarks).rows
    scores = read(run / "report.json")["evaluation"]["PublicTest"]
    coverage = rows.found[rows.split == "PublicTest"].mean()
    assert scores["coverage"] == pytest.approx(coverage)
    assert scores["accuracy"] == pytest.approx(scores["accuracy_found"] * coverage)
    assert list(scores["per_class"]) == list(FER2013)
    text = (run / "report.md").read_text()
    for label in FER2013:
        assert f"| {label} | 12 |" in text


@pytest.mark.parametrize(
    "name", ["curves.png", "confusion-PublicTest.png", "confusion-held-out_training_rows.png"]
)
def test_pictures(run, name):
    picture = cv2.imread(str(run / name))
    assert picture.shape[0] > 200
    assert picture.std() > 5


def test_what_convert_gets(run, toy_landmarks):
    rows = landmarks_file.load(toy_landmarks).rows
    settings = read(run / "run.json")["settings"]
    split = split_rows(rows, settings["validation"], settings["seed"])
    raw = feature_matrix(rows)
    with np.load(run / "fit.npz") as file:
        arrays = dict(file)
    training = raw[split.training[rows.found[split.training]]]
    validation = split.validation[rows.found[split.validation]]
    known = {row.tobytes() for row in training}
    assert all(row.tobytes() in known for row in arrays["calibration"])
    assert np.array_equal(arrays["validation"], raw[validation])
    assert np.array_equal(arrays["validation_label"], rows.label[validation])
    assert np.array_equal(arrays["evaluation/PublicTest"], raw[split.evaluation["PublicTest"]])
    assert np.allclose(arrays["mean"], training.mean(axis=0), atol=1e-5)
    assert (arrays["std"] > 0).all()


def test_logits_are_centered(run):
    model = keras.saving.load_model(run / "model.keras", compile=False)
    logits = model.predict(np.random.default_rng(0).normal(size=(50, 1404)).astype(np.float32), verbose=0)
    assert logits.shape == (50, 7)
    assert np.abs(logits.mean(axis=1)).max() < 1e-4
    assert logits.std() > 0.1


def test_the_same_seed_gives_the_same_network(run, toy_landmarks, tmp_path):
    assert fit(toy_landmarks, tmp_path / "again", *QUICK).returncode == 0
    first, again = (
        keras.saving.load_model(folder / "model.keras", compile=False).get_weights()
        for folder in (run, tmp_path / "again")
    )
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a, b)
    assert (run / "report.json").read_bytes() == (tmp_path / "again" / "report.json").read_bytes()


def fails(result, code, *words):
    assert result.returncode == code, result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


def test_an_unknown_setting(toy_landmarks, tmp_path):
    fails(fit(toy_landmarks, tmp_path / "r", "epoch=2"), 78, "--set epoch=2: expected KEY=VALUE")


def test_a_run_that_is_there_is_not_overwritten(run, toy_landmarks):
    before = (run / "model.keras").stat().st_mtime_ns
    with pytest.raises(DataError, match="is there already"):
        fit_module.fit([toy_landmarks], run, Settings())
    assert (run / "model.keras").stat().st_mtime_ns == before


def test_no_landmarks_file(tmp_path):
    with pytest.raises(DataError, match="no landmarks file"):
        fit_module.fit([tmp_path / "nothing.npz"], tmp_path / "r", Settings())


def test_too_few_rows(toy_landmarks, tmp_path):
    with pytest.raises(DataError, match=r"faces to train on .* --set batch="):
        fit_module.fit([toy_landmarks], tmp_path / "r", Settings(batch=1000))
    assert list(tmp_path.iterdir()) == []


def altered(toy_landmarks, path, **changes):
    file = landmarks_file.load(toy_landmarks)
    landmarks_file.save(path, dataclasses.replace(file.rows, **changes), file.info)
    return path


def test_more_views_of_the_same_pictures(toy_landmarks, tmp_path, run):
    rows = landmarks_file.load(toy_landmarks).rows
    # In the other view every landmark sits elsewhere, and other faces were found.
    other = altered(
        toy_landmarks,
        tmp_path / "other.npz",
        landmarks=rows.landmarks[::-1].copy(),
        found=rows.found[::-1].copy(),
    )
    settings = Settings().override(list(QUICK))
    fit_module.fit([toy_landmarks, other], tmp_path / "two", settings)
    info = read(tmp_path / "two" / "run.json")
    assert info["more_views"] == [{"scale": 1.0, "padding": 0.3}]
    with np.load(run / "fit.npz") as one, np.load(tmp_path / "two" / "fit.npz") as two:
        # What counts comes from the first file …
        for name in ("mean", "std", "validation", "evaluation/PublicTest", "evaluation_found/PublicTest"):
            assert np.array_equal(one[name], two[name]), name
    # … and the training does not.
    losses = [
        [line.split(",")[1] for line in (folder / "history.csv").read_text().splitlines()[1:]]
        for folder in (run, tmp_path / "two")
    ]
    assert losses[0] != losses[1]


def test_views_of_other_pictures_are_refused(toy_landmarks, tmp_path):
    rows = landmarks_file.load(toy_landmarks).rows
    other = altered(toy_landmarks, tmp_path / "other.npz", picture_hash=rows.picture_hash[::-1].copy())
    with pytest.raises(DataError, match=r"other\.npz has other pictures than"):
        fit_module.fit([toy_landmarks, other], tmp_path / "r", Settings())


def test_a_full_disk_leaves_nothing(toy_landmarks, tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    result = fit(toy_landmarks, tmp_path / "r", *QUICK, preexec_fn=limit)
    fails(result, 1, "File too large")
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_diverges_is_one_line(toy_landmarks, tmp_path):
    settings = Settings(batch=16, epochs=3, hidden=(8,), learning_rate=10, weight_decay=10, jitter=0)
    with pytest.raises(DataError, match="diverged"):
        fit_module.fit([toy_landmarks], tmp_path / "r", settings)
    assert not (tmp_path / "r").exists()


def test_splits_may_be_called_anything(toy_landmarks, tmp_path):
    rows = landmarks_file.load(toy_landmarks).rows
    names = np.where(np.arange(len(rows)) % 2, "validation", "Private/Test")
    split = np.where(rows.split == "Training", "Training", names)
    path = altered(toy_landmarks, tmp_path / "splits.npz", split=split)
    result = fit(path, tmp_path / "r", "epochs=1", "hidden=8", "batch=64")
    assert result.returncode == 0, result.stderr
    pictures = {file.name for file in (tmp_path / "r").glob("confusion-*.png")}
    assert pictures == {
        "confusion-held-out_training_rows.png",
        "confusion-validation.png",
        "confusion-Private_Test.png",
    }
