"""``mien train fit`` as a user calls it, and its report."""

import csv
import json

import cv2
import keras
import numpy as np
import pytest

from edge.core.errors import DataError
from edge.core.quantize import softmax
from edge.head.inputs import INPUTS, maps_of
from evaluation.calibration import best_temperature
from evaluation.label_sets import EMOTIONS, FER2013, LABEL_SETS
from train.dataset import landmarks_folder
from train.dataset.inputs import read_inputs, standardization, take
from train.dataset.labelled_faces import ground_truth, open_labelled_faces, split_rows
from train.network.landmark_noise import LandmarkNoise
from train.network.training_set import epoch_view
from train.settings import TrainingSettings


@pytest.fixture(scope="module")
def folder(toy_landmarks):
    return landmarks_folder.load(toy_landmarks)


def read(path):
    return json.loads(path.read_text())


def scores(run):
    """Split → its scores."""
    return {entry["name"]: entry for entry in read(run / "report.json")["splits"]}


def weights(run):
    return keras.saving.load_model(run / "model.keras", compile=False).get_weights()


class TestRun:
    """Of the shared run: seven classes, maps, views."""

    def test_the_folder(self, toy_run, run_files):
        assert {entry.name for entry in toy_run.iterdir()} == run_files
        assert {entry.name for entry in toy_run.parent.iterdir()} == {"run", "stdout"}
        printed = (toy_run.parent / "stdout").read_text()
        assert "epoch   5" in printed
        assert "validation: accuracy" in printed
        assert "PublicTest: accuracy" in printed

    def test_resolved_settings_and_origin_are_stored(self, toy_run):
        info = read(toy_run / "run.json")
        assert info["settings"]["epochs"] == 5
        assert info["settings"]["hidden"] == [16]
        assert info["settings"]["seed"] == 0
        assert info["labels"] == list(FER2013)
        assert info["inputs"] == [
            {"name": name, "version": 1, "shape": list(entry.shape)} for name, entry in INPUTS.items()
        ]
        assert info["landmarks"]["data"]["file"] == "toy.csv"
        assert info["landmarks"]["views"] == 2
        assert "shards" not in info["landmarks"]
        assert info["rows"]["training_copies_of_evaluation"] == 1
        assert info["rows"]["evaluation"] == {"PublicTest": 84}
        assert info["rows"]["left_out"] == 0
        assert {"tensorflow", "keras", "numpy", "python", "mien"} <= info["versions"].keys()

    def test_it_has_learned(self, toy_run):
        assert scores(toy_run)["PublicTest"]["accuracy_found"] > 0.8

    def test_history(self, toy_run):
        with (toy_run / "history.csv").open() as file:
            history = list(csv.DictReader(file))
        assert [entry["epoch"] for entry in history] == list("12345")
        assert float(history[2]["loss"]) < float(history[0]["loss"])
        losses = [float(entry["validation_loss"]) for entry in history]
        assert read(toy_run / "run.json")["best_epoch"] == 1 + losses.index(min(losses))

    def test_the_report_counts_misses_as_wrong(self, toy_run, folder):
        evaluation = scores(toy_run)["PublicTest"]
        coverage = folder.faces().found[folder.rows.split == "PublicTest"].mean()
        assert evaluation["coverage"] == pytest.approx(coverage)
        assert evaluation["accuracy"] == pytest.approx(evaluation["accuracy_found"] * coverage)
        assert list(evaluation["per_class"]) == list(FER2013)
        text = (toy_run / "report.md").read_text()
        for label in FER2013:
            assert f"| {label} | 12 |" in text
        assert "int8 compared with float" not in text

    def test_plots(self, toy_run):
        for file in toy_run.glob("*.png"):
            picture = cv2.imread(str(file))
            assert picture.shape[0] > 200
            assert picture.std() > 5

    def test_what_convert_gets(self, toy_run, folder):
        rows, faces = folder.rows, folder.faces(maps=maps_of(INPUTS))
        settings = read(toy_run / "run.json")["settings"]
        number = rows.label.astype(np.int64)
        split = split_rows(rows, number, settings["validation"], settings["seed"])
        raw = read_inputs(faces, list(INPUTS))
        with np.load(toy_run / "fit.npz") as file:
            arrays = dict(file)
        training = split.training[faces.found[split.training]]
        validation = split.validation[faces.found[split.validation]]
        evaluation = split.evaluation["PublicTest"]
        assert float(arrays["clip"]) == settings["clip"]
        assert np.array_equal(arrays["validation/number"], number[validation])
        assert np.array_equal(arrays["evaluation/PublicTest/number"], number[evaluation])
        assert np.array_equal(arrays["evaluation/PublicTest/found"], faces.found[evaluation])
        for name, matrix in raw.items():
            known = {row.tobytes() for row in matrix[training]}
            assert all(row.tobytes() in known for row in arrays[f"calibration/{name}"])
            assert np.array_equal(arrays[f"validation/{name}"], matrix[validation])
            assert np.array_equal(arrays[f"evaluation/PublicTest/{name}"], matrix[evaluation])
        expected = standardization(take(raw, training), settings["clip"])
        for name, (mean, std) in expected.by.items():
            assert np.array_equal(arrays[f"mean/{name}"], mean)
            assert np.array_equal(arrays[f"std/{name}"], std)

    def test_logits_are_centered(self, toy_run):
        model = keras.saving.load_model(toy_run / "model.keras", compile=False)
        rng = np.random.default_rng(0)
        inputs = [rng.normal(size=(50, *entry.shape)).astype(np.float32) for entry in INPUTS.values()]
        logits = model.predict(inputs, verbose=0)
        assert logits.shape == (50, 7)
        assert np.abs(logits.mean(axis=1)).max() < 1e-4
        assert logits.std() > 0.1

    def test_temperature_and_threshold_are_those_of_the_validation_rows(self, toy_run):
        info = read(toy_run / "run.json")
        with np.load(toy_run / "predictions.npz") as file:
            probabilities, true, found = (file[f"{key}_0"] for key in ("probabilities", "true", "found"))
        logits = np.log(probabilities[found]) * info["temperature"]
        assert best_temperature(logits, true[found]) == pytest.approx(info["temperature"])
        right = probabilities[found].argmax(axis=1) == true[found]
        sure = probabilities[found].max(axis=1) >= info["min_confidence"]
        assert right[sure].mean() >= info["settings"]["selective_accuracy"]


def test_the_same_seed_gives_the_same_network(toy_run, toy_landmarks, quick_fit, tmp_path):
    quick_fit(toy_landmarks, tmp_path / "again")
    for first, again in zip(weights(toy_run), weights(tmp_path / "again"), strict=True):
        assert np.array_equal(first, again)
    assert (toy_run / "report.json").read_bytes() == (tmp_path / "again" / "report.json").read_bytes()


def test_another_seed_gives_another(small, quick_fit, tmp_path):
    for seed in "01":
        quick_fit(small, tmp_path / seed, "inputs=landmarks", f"seed={seed}", "epochs=1")
    assert not all(map(np.array_equal, weights(tmp_path / "0"), weights(tmp_path / "1")))


def first_loss(run):
    return (run / "history.csv").read_text().splitlines()[1].split(",")[1]


def test_the_views_change_the_training_and_nothing_else(plain_run, small, quick_fit, tmp_path):
    quick_fit(small, tmp_path / "run", "inputs=landmarks", "epochs=1")
    with np.load(plain_run / "fit.npz") as one, np.load(tmp_path / "run" / "fit.npz") as two:
        assert one.files == two.files
        for name in one.files:
            assert np.array_equal(one[name], two[name]) or name == "calibration/landmarks", name
    assert first_loss(plain_run) != first_loss(tmp_path / "run")


def test_each_epoch_has_the_next_view(toy_landmarks, folder):
    data = open_labelled_faces(toy_landmarks, TrainingSettings(inputs=("landmarks",)))
    raw, training = read_inputs(data.faces, ["landmarks"]), data.training
    for epoch, view in enumerate((1, 2, 1)):
        faces = folder.faces(view)
        unaugmented = np.arange(len(training)) % 5 == 0
        (matrix,) = epoch_view(data, raw, epoch, unaugmented).values()
        (expected,) = read_inputs(faces, ["landmarks"]).values()
        found = faces.found[training]
        assert 0 < (~found).sum() < len(training) / 4
        augmented = found & ~unaugmented
        assert np.array_equal(matrix[augmented], expected[training][augmented])
        assert np.array_equal(matrix[~augmented], raw["landmarks"][training][~augmented])


class TestChoices:
    """Other labels, another truth, landmarks alone: ``small`` is what they are tried on."""

    def test_landmarks_alone(self, plain_run):
        (entry,) = read(plain_run / "run.json")["inputs"]
        assert (entry["name"], entry["shape"]) == ("landmarks", [1404])
        assert scores(plain_run)["PublicTest"]["accuracy_found"] > 0.6

    def test_maps_alone(self, toy_landmarks, quick_fit, tmp_path):
        settings = ("inputs=coarse_map", "landmark_jitter=0.01", "feature_noise=0.1")
        quick_fit(toy_landmarks, tmp_path / "r", *settings)
        assert [entry["name"] for entry in read(tmp_path / "r" / "run.json")["inputs"]] == ["coarse_map"]
        assert scores(tmp_path / "r")["PublicTest"]["accuracy_found"] > 0.3

    def test_maps_that_are_not_there(self, small, quick_fit, tmp_path):
        with pytest.raises(DataError, match=r"has no coarse_map of version 1: .* --set inputs=landmarks"):
            quick_fit(small, tmp_path / "r")

    def test_valence(self, small, quick_fit, tmp_path):
        quick_fit(small, tmp_path / "r", "inputs=landmarks", "labels=3")
        info = read(tmp_path / "r" / "run.json")
        assert info["labels"] == ["negative", "neutral", "positive"]
        assert info["rows"]["left_out"] == 72  # surprise
        assert info["rows"]["evaluation"] == {"PublicTest": 72}
        evaluation = scores(tmp_path / "r")["PublicTest"]
        assert [entry["n"] for entry in evaluation["per_class"].values()] == [48, 12, 12]
        assert evaluation["accuracy_found"] > 0.7

    @pytest.mark.parametrize("labels", [7, 8])
    def test_votes(self, small, quick_fit, tmp_path, labels):
        settings = ("inputs=landmarks", "truth=votes", f"labels={labels}", "epochs=1")
        quick_fit(small, tmp_path / "r", *settings)
        rows = landmarks_folder.load(small).rows
        number = ground_truth(rows, LABEL_SETS[labels], "votes").number
        info = read(tmp_path / "r" / "run.json")
        evaluation = rows.split == "PublicTest"
        assert info["labels"] == list(EMOTIONS[:labels])
        assert info["rows"]["left_out"] == (number < 0).sum() > 126
        assert info["rows"]["evaluation"] == {"PublicTest": ((number >= 0) & evaluation).sum()}
        per_class = scores(tmp_path / "r")["PublicTest"]["per_class"]
        counts = np.bincount(number[(number >= 0) & evaluation], minlength=labels)
        assert [entry["n"] for entry in per_class.values()] == counts.tolist()

    def test_votes_that_nobody_gave(self, altered, quick_fit, tmp_path):
        path = altered(votes=np.zeros((504, 10), np.uint8))
        with pytest.raises(DataError, match=r"truth=votes needs FER\+ votes"):
            quick_fit(path, tmp_path / "r", "inputs=landmarks", "truth=votes")

    def test_68_points(self, subjects_run):
        info = read(subjects_run / "run.json")
        assert [entry["shape"] for entry in info["inputs"]] == [[136]]
        assert list(info["rows"]["evaluation"]) == ["held-out"]
        assert info["rows"]["training"] > 300
        assert list(scores(subjects_run)) == ["validation", "held-out"]

    @pytest.mark.parametrize("balance", ["weights", "undersample", "focal"])
    def test_balance(self, altered, quick_fit, tmp_path, balance):
        label = np.arange(504) % 7
        label[(label == 1) & (np.arange(504) % 4 > 0)] = 0  # little disgust
        path = altered(label=label.astype(np.uint8))
        settings = ("inputs=landmarks", f"balance={balance}", "epochs=1", "batch=16")
        quick_fit(path, tmp_path / "r", *settings)
        assert read(tmp_path / "r" / "run.json")["settings"]["balance"] == balance

    def test_noise_is_trained_on_and_not_scored(self, small, quick_fit, tmp_path, monkeypatch):
        seen = []
        add_noise = LandmarkNoise.__call__

        def count(noise, landmarks, rng):
            result = add_noise(noise, landmarks, rng)
            seen.append(float((result != landmarks).any(axis=1).mean()))
            return result

        monkeypatch.setattr(LandmarkNoise, "__call__", count)
        settings = ("inputs=landmarks", "landmark_jitter=0.02", "landmark_dropout=0.3")
        settings += ("feature_noise=0.1", "votes_weight=0")
        quick_fit(small, tmp_path / "r", *settings)
        assert len(seen) >= 5 * 5
        assert min(seen) == 1
        assert scores(tmp_path / "r")["PublicTest"]["accuracy_found"] > 0.5
        with np.load(tmp_path / "r" / "fit.npz") as file:
            validation = file["validation/landmarks"]
        faces = landmarks_folder.load(small).faces()
        known = {row.tobytes() for row in read_inputs(faces, ["landmarks"])["landmarks"]}
        assert all(row.tobytes() in known for row in validation)


def test_splits_may_be_called_anything(altered, small, quick_fit, tmp_path):
    split = landmarks_folder.load(small).rows.split
    names = np.where(np.arange(504) % 2, "validation", "Private/Test")
    path = altered(split=np.where(split == "Training", "Training", names))
    quick_fit(path, tmp_path / "r", "inputs=landmarks", "epochs=1")
    held_out, *evaluation = read(tmp_path / "r" / "report.json")["splits"]
    # A split that the data calls validation does not take the place of the held-out rows.
    assert held_out["name"] == "validation"
    assert held_out["n"] == read(tmp_path / "r" / "run.json")["rows"]["validation"] + 5
    assert [(entry["name"], entry["n"]) for entry in evaluation] == [("Private/Test", 42), ("validation", 42)]


def test_the_temperature_makes_sure_answers_as_right_as_they_are():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 7)).astype(np.float32)
    drawn = (softmax(logits).cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1)
    assert best_temperature(logits, drawn) == pytest.approx(1, abs=0.06)
    assert best_temperature(3 * logits, drawn) == pytest.approx(3, abs=0.2)
