"""``mien train fit`` as a user calls it, and its report."""

import csv
import json

import keras
import numpy as np
import pytest

from edge.core.errors import DataError
from edge.core.quantize import softmax
from edge.head.inputs import INPUTS, maps_of
from evaluation.calibration import best_temperature
from evaluation.label_sets import EMOTIONS, FER2013, LABEL_SETS
from tests.train.runs import first_loss, info, scores, weights
from train.dataset import landmarks_folder
from train.dataset.inputs import read_inputs, standardization, take
from train.dataset.labelled_faces import ground_truth, open_labelled_faces, split_rows
from train.network.landmark_noise import LandmarkNoise
from train.network.training_set import TrainingSet, epoch_view
from train.settings import TrainingSettings


@pytest.fixture(scope="module")
def folder(toy_landmarks):
    return landmarks_folder.load(toy_landmarks)


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
        found = info(toy_run)
        assert found["settings"]["epochs"] == 5
        assert found["settings"]["hidden"] == [16]
        assert found["settings"]["seed"] == 0
        assert found["labels"] == list(FER2013)
        assert found["inputs"] == [
            {"name": name, "version": 1, "shape": list(entry.shape)} for name, entry in INPUTS.items()
        ]
        assert found["landmarks"]["data"]["file"] == "toy.csv"
        assert found["landmarks"]["views"] == 2
        assert "shards" not in found["landmarks"]
        assert found["rows"]["training_copies_of_evaluation"] == 1
        assert found["rows"]["evaluation"] == {"PublicTest": 84}
        assert found["rows"]["left_out"] == 0
        assert {"tensorflow", "keras", "numpy", "python", "mien"} <= found["versions"].keys()

    def test_it_has_learned(self, toy_run):
        assert scores(toy_run)["PublicTest"]["accuracy_found"] > 0.8

    def test_history(self, toy_run):
        with (toy_run / "history.csv").open() as file:
            history = list(csv.DictReader(file))
        assert [entry["epoch"] for entry in history] == list("12345")
        assert float(history[2]["loss"]) < float(history[0]["loss"])
        losses = [float(entry["validation_loss"]) for entry in history]
        assert info(toy_run)["best_epoch"] == 1 + losses.index(min(losses))

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

    def test_what_convert_gets(self, toy_run, folder):
        rows, faces = folder.rows, folder.faces(maps=maps_of(INPUTS))
        settings = info(toy_run)["settings"]
        number = rows.label.astype(np.int64)
        split = split_rows(rows, number, settings["validation"])
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
        run = info(toy_run)
        with np.load(toy_run / "predictions.npz") as file:
            probabilities, true, found = (file[f"{key}_0"] for key in ("probabilities", "true", "found"))
        logits = np.log(probabilities[found]) * run["temperature"]
        assert best_temperature(logits, true[found]) == pytest.approx(run["temperature"])
        right = probabilities[found].argmax(axis=1) == true[found]
        sure = probabilities[found].max(axis=1) >= run["min_confidence"]
        assert right[sure].mean() >= run["settings"]["selective_accuracy"]


def test_the_same_seed_gives_the_same_network(toy_run, toy_landmarks, quick_fit, tmp_path):
    quick_fit(toy_landmarks, tmp_path / "again")
    for first, again in zip(weights(toy_run), weights(tmp_path / "again"), strict=True):
        assert np.array_equal(first, again)
    assert (toy_run / "report.json").read_bytes() == (tmp_path / "again" / "report.json").read_bytes()


def test_another_seed_gives_another(small_run, small, quick_fit, tmp_path):
    quick_fit(small, tmp_path / "other", "inputs=landmarks", "epochs=1", "seed=1")
    assert not all(map(np.array_equal, weights(small_run), weights(tmp_path / "other")))


def test_the_views_change_the_training_and_nothing_else(plain_run, small_run):
    with np.load(plain_run / "fit.npz") as one, np.load(small_run / "fit.npz") as two:
        assert one.files == two.files
        for name in one.files:
            assert np.array_equal(one[name], two[name]) or name == "calibration/landmarks", name
    assert first_loss(plain_run) != first_loss(small_run)


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


@pytest.mark.parametrize("balance", ["weights", "undersample"])
def test_the_balance_is_in_the_batches(altered, balance):
    label = np.arange(504) % 7
    label[(label == 1) & (np.arange(504) % 4 > 0)] = 0  # little disgust
    settings = TrainingSettings(inputs=("landmarks",), balance=balance, batch=1)
    data = open_labelled_faces(altered(label=label.astype(np.uint8)), settings)
    drawn = [*TrainingSet(data, settings, ()).batches(0, np.random.default_rng(0))]
    sums = np.sum([batch.weight * batch.target[0] for batch in drawn], axis=0)
    assert sums == pytest.approx(np.full(7, sums[0]), rel=1e-4)


class TestChoices:
    """Other labels, another truth, other inputs."""

    def test_landmarks_alone(self, plain_run):
        (entry,) = info(plain_run)["inputs"]
        assert (entry["name"], entry["shape"]) == ("landmarks", [1404])
        assert scores(plain_run)["PublicTest"]["accuracy_found"] > 0.6

    def test_maps_alone_have_no_noise_of_landmarks(self, maps_run):
        assert [entry["name"] for entry in info(maps_run)["inputs"]] == ["fine_map", "coarse_map"]
        assert info(maps_run)["settings"]["landmark_jitter"] > 0
        assert scores(maps_run)["PublicTest"]["accuracy_found"] > 0.3

    def test_maps_that_are_not_there(self, small, quick_fit, tmp_path):
        with pytest.raises(DataError, match=r"has no coarse_map of version 1: .* --set inputs=landmarks"):
            quick_fit(small, tmp_path / "r")

    def test_votes_and_splits_that_may_be_called_anything(self, altered, small, quick_fit, tmp_path):
        split = landmarks_folder.load(small).rows.split
        names = np.where(np.arange(504) % 2, "validation", "Private/Test")
        path = altered(split=np.where(split == "Training", "Training", names))
        run = quick_fit(path, tmp_path / "r", "inputs=landmarks", "truth=votes", "labels=8", "epochs=1")
        rows = landmarks_folder.load(path).rows
        number = ground_truth(rows, LABEL_SETS[8], "votes").number
        assert info(run)["labels"] == list(EMOTIONS)
        assert info(run)["rows"]["left_out"] == (number < 0).sum() > 126
        held_out, *evaluation = json.loads((run / "report.json").read_text())["splits"]
        # A split that the data calls validation does not take the place of the held-out rows.
        assert held_out["name"] == "validation"
        assert [entry["name"] for entry in evaluation] == ["Private/Test", "validation"]
        for entry in evaluation:
            counts = np.bincount(number[(number >= 0) & (rows.split == entry["name"])], minlength=8)
            assert [each["n"] for each in entry["per_class"].values()] == counts.tolist()
            assert info(run)["rows"]["evaluation"][entry["name"]] == entry["n"] == counts.sum()

    def test_votes_that_nobody_gave(self, altered, quick_fit, tmp_path):
        path = altered(votes=np.zeros((504, 10), np.uint8))
        with pytest.raises(DataError, match=r"truth=votes needs FER\+ votes"):
            quick_fit(path, tmp_path / "r", "inputs=landmarks", "truth=votes")

    def test_68_points(self, subjects_run):
        (entry,) = info(subjects_run)["inputs"]
        assert entry["shape"] == [136]
        assert list(info(subjects_run)["rows"]["evaluation"]) == ["held-out"]
        assert info(subjects_run)["rows"]["training"] > 300
        assert list(scores(subjects_run)) == ["validation", "held-out"]

    def test_valence_with_noise_that_is_trained_on_and_not_scored(
        self, small, quick_fit, tmp_path, monkeypatch
    ):
        seen = []
        add_noise = LandmarkNoise.__call__

        def count(noise, landmarks, rng):
            result = add_noise(noise, landmarks, rng)
            seen.append(float((result != landmarks).any(axis=1).mean()))
            return result

        monkeypatch.setattr(LandmarkNoise, "__call__", count)
        settings = ("labels=3", "landmark_jitter=0.02", "landmark_dropout=0.3", "feature_noise=0.1")
        run = quick_fit(small, tmp_path / "r", "inputs=landmarks", "votes_weight=0", *settings)
        assert len(seen) >= 4 * 5
        assert min(seen) == 1
        with np.load(run / "fit.npz") as file:
            validation = file["validation/landmarks"]
        faces = landmarks_folder.load(small).faces()
        known = {row.tobytes() for row in read_inputs(faces, ["landmarks"])["landmarks"]}
        assert all(row.tobytes() in known for row in validation)
        assert info(run)["labels"] == ["negative", "neutral", "positive"]
        assert info(run)["rows"]["left_out"] == 72  # surprise
        assert info(run)["rows"]["evaluation"] == {"PublicTest": 72}
        evaluation = scores(run)["PublicTest"]
        assert [entry["n"] for entry in evaluation["per_class"].values()] == [48, 12, 12]
        assert evaluation["accuracy_found"] > 0.7


def test_the_temperature_makes_sure_answers_as_right_as_they_are():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 7)).astype(np.float32)
    drawn = (softmax(logits).cumsum(axis=1) > rng.random((4000, 1))).argmax(axis=1)
    assert best_temperature(logits, drawn) == pytest.approx(1, abs=0.06)
    assert best_temperature(3 * logits, drawn) == pytest.approx(3, abs=0.2)
