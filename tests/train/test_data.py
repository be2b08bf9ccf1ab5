"""Splits, targets and weights: pure functions on rows."""

import dataclasses

import numpy as np
import pytest

from edge.core import features
from edge.core.errors import ConfigError, DataError
from train import landmarks_file
from train.data import class_weights, feature_matrix, split_rows, standardization, targets
from train.settings import Settings


@pytest.fixture(scope="module")
def rows(toy_landmarks):
    return landmarks_file.load(toy_landmarks).rows


@pytest.fixture(scope="module")
def split(rows):
    return split_rows(rows, 0.1, seed=0)


def test_every_row_has_one_place(rows, split):
    places = [split.training, split.validation, *split.evaluation.values()]
    together = np.concatenate(places)
    assert len(together) == len(set(together.tolist())) == len(rows) - split.duplicates
    assert (rows.split[split.training] == "Training").all()
    assert (rows.split[split.validation] == "Training").all()
    assert list(split.evaluation) == ["PublicTest"]


def test_a_training_row_with_an_evaluation_picture_is_left_out(rows, split):
    assert split.duplicates == 1
    assert 0 not in split.training
    assert 0 not in split.validation
    assert not set(rows.picture_hash[split.training]) & set(rows.picture_hash[split.evaluation["PublicTest"]])


@pytest.mark.parametrize("seed", range(30))
def test_identical_pictures_stay_together(rows, seed):
    split = split_rows(rows, 0.3, seed)
    assert (2 in split.validation) == (3 in split.validation)


def test_validation_takes_the_same_share_of_every_class(rows, split):
    pictures, first = np.unique(rows.picture_hash[split.validation], return_index=True)
    assert len(pictures) >= 42
    assert np.bincount(rows.label[split.validation][first], minlength=7).tolist() == [6] * 7


def test_the_seed_decides(rows, split):
    assert np.array_equal(split_rows(rows, 0.1, seed=0).validation, split.validation)
    assert not np.array_equal(split_rows(rows, 0.1, seed=1).validation, split.validation)


def test_the_split_of_a_picture_does_not_depend_on_the_order_of_rows(rows, split):
    order = np.random.default_rng(5).permutation(len(rows))
    shuffled = landmarks_file.Rows(*(getattr(rows, f.name)[order] for f in dataclasses.fields(rows)))
    again = split_rows(shuffled, 0.1, seed=0)
    # Rows 2 and 3 share a picture but not a label: the first decides, so leave them aside.
    names = [
        set(r.name[i]) - {"toy.csv:4", "toy.csv:5"}
        for r, i in ((rows, split.validation), (shuffled, again.validation))
    ]
    assert len(names[0] ^ names[1]) <= 2


def test_without_training_rows(rows):
    with pytest.raises(DataError, match="no rows to train on: expected a split named Training"):
        split_rows(dataclasses.replace(rows, split=np.full(len(rows), "test")), 0.1, 0)


def test_features_are_the_devices(rows):
    matrix = feature_matrix(rows)
    assert np.array_equal(matrix[4], features.extract(rows.landmarks[4]))
    assert not matrix[~rows.found].any()


def test_targets_are_labels_without_votes(rows):
    assert np.array_equal(targets(rows, 0, 0), np.eye(7, dtype=np.float32)[rows.label])


def test_targets_blend_in_the_votes(rows):
    votes = rows.votes.copy()
    votes[0] = (4, 0, 0, 1, 3, 2, 0, 5, 0, 0)  # neutral 4, sadness 1, anger 3, disgust 2, contempt 5
    votes[1] = (0, 0, 0, 0, 0, 0, 0, 3, 4, 3)  # nothing but contempt, unknown and no face
    mixed = targets(dataclasses.replace(rows, votes=votes), ferplus=0.5, label_smoothing=0)
    assert rows.label[0] == 0
    assert np.allclose(mixed[0], [0.5 + 0.15, 0.1, 0, 0, 0.05, 0, 0.2])
    assert np.array_equal(mixed[1], np.eye(7)[rows.label[1]])
    assert np.allclose(mixed.sum(axis=1), 1)


def test_label_smoothing(rows):
    smooth = targets(rows, 0, 0.07)
    assert np.allclose(smooth[0], [0.94] + [0.01] * 6)


def test_class_weights():
    label = np.array([0] * 90 + [1] * 10, np.uint8)
    assert np.allclose(class_weights(label, 0), 1)
    weights = class_weights(label, 1)
    assert weights[1] / weights[0] == pytest.approx(9)
    assert weights[label].mean() == pytest.approx(1)


def test_standardization():
    matrix = np.random.default_rng(0).normal(3, 2, (1000, 4)).astype(np.float32)
    matrix[:, 3] = 0.5
    standardize = standardization(matrix, clip=2.0)
    result = standardize(matrix)
    assert np.abs(result).max() <= 2
    assert np.abs(result.mean(axis=0)).max() < 0.05
    assert (result[:, 3] == 0).all()


class TestSettings:
    def test_overrides(self):
        settings = Settings().override(["epochs=3", "hidden=32,16", "learning_rate=1e-4"])
        assert (settings.epochs, settings.hidden, settings.learning_rate) == (3, (32, 16), 1e-4)
        assert settings.batch == Settings().batch

    @pytest.mark.parametrize("assignment", ["epoch=3", "epochs", "=3", "", "hidden.0=3"])
    def test_unknown_keys_are_refused(self, assignment):
        with pytest.raises(ConfigError, match="expected KEY=VALUE with a KEY of seed, validation"):
            Settings().override([assignment])

    @pytest.mark.parametrize(
        ("assignment", "expected"),
        [
            ("epochs=many", "expected int"),
            ("epochs=1.5", "expected int"),
            ("dropout=", "expected float"),
            ("hidden=a,b", "expected numbers like 256,128"),
            ("epochs=0", "epochs must be 1…"),
            ("dropout=1", "dropout must be 0.0…0.95"),
            ("learning_rate=nan", "learning_rate must be"),
            ("hidden=0", "hidden must be"),
        ],
    )
    def test_wrong_values_are_refused(self, assignment, expected):
        with pytest.raises(ConfigError, match=expected):
            Settings().override([assignment])
