"""Truth, splits, features and settings: pure functions on rows."""

import dataclasses

import numpy as np
import pytest

from edge.core import features
from edge.core.errors import ConfigError, DataError
from edge.head.inputs import INPUTS, maps_of
from evaluation.label_sets import EMOTIONS, LABEL_SETS
from train.dataset import landmarks_folder
from train.dataset.balance import STRATEGIES, epoch_order, row_weights
from train.dataset.training_data import (
    HELD_OUT,
    TRAINING_SPLITS,
    jittered,
    read_inputs,
    split_rows,
    standardization,
    take,
    truth,
)
from train.settings import Settings


@pytest.fixture(scope="module")
def folder(toy_landmarks):
    return landmarks_folder.load(toy_landmarks)


@pytest.fixture(scope="module")
def rows(folder):
    return folder.rows


@pytest.fixture(scope="module")
def number(rows):
    return rows.label.astype(np.int64)


@pytest.fixture(scope="module")
def split(rows, number):
    return split_rows(rows, number, 0.1, seed=0)


def reordered(rows, order):
    return landmarks_folder.Rows(*(getattr(rows, f.name)[order] for f in dataclasses.fields(rows)))


class TestSplit:
    def test_every_row_has_one_place(self, rows, split):
        places = [split.training, split.validation, *split.evaluation.values()]
        together = np.concatenate(places)
        assert len(together) == len(set(together.tolist())) == len(rows) - split.duplicates
        assert (rows.split[split.training] == "Training").all()
        assert (rows.split[split.validation] == "Training").all()
        assert list(split.evaluation) == ["PublicTest"]

    def test_a_training_row_with_an_evaluation_picture_is_left_out(self, rows, split):
        assert split.duplicates == 1
        assert 0 not in split.training
        assert 0 not in split.validation
        evaluation = split.evaluation["PublicTest"]
        assert not set(rows.picture_hash[split.training]) & set(rows.picture_hash[evaluation])

    def test_an_evaluation_picture_is_kept_out_even_where_its_own_row_is_not_scored(self, rows, number):
        first = int(np.flatnonzero(rows.split == "PublicTest")[0])
        without = np.where(np.arange(len(rows)) == first, -1, number)
        split = split_rows(rows, without, 0.1, seed=0)
        assert first not in split.evaluation["PublicTest"]
        assert 0 not in [*split.training, *split.validation]

    @pytest.mark.parametrize("seed", range(30))
    def test_identical_pictures_stay_together(self, rows, number, seed):
        split = split_rows(rows, number, 0.3, seed)
        assert (2 in split.validation) == (3 in split.validation)

    def test_validation_takes_the_same_share_of_every_class(self, rows, split):
        pictures, first = np.unique(rows.picture_hash[split.validation], return_index=True)
        assert len(pictures) >= 42
        assert np.bincount(rows.label[split.validation][first], minlength=7).tolist() == [6] * 7

    def test_the_seed_decides(self, rows, number, split):
        assert np.array_equal(split_rows(rows, number, 0.1, seed=0).validation, split.validation)
        assert not np.array_equal(split_rows(rows, number, 0.1, seed=1).validation, split.validation)

    def test_the_split_of_a_picture_does_not_depend_on_the_order_of_rows(self, rows, number, split):
        order = np.random.default_rng(5).permutation(len(rows))
        shuffled = reordered(rows, order)
        again = split_rows(shuffled, number[order], 0.1, seed=0)
        # Rows 2 and 3 share a picture but not a label: the first decides, so leave them aside.
        names = [
            set(r.name[i]) - {"toy.csv:4", "toy.csv:5"}
            for r, i in ((rows, split.validation), (shuffled, again.validation))
        ]
        assert len(names[0] ^ names[1]) <= 2

    def test_without_training_rows(self, rows, number):
        with pytest.raises(DataError, match="no rows to train on: expected a split named Training or"):
            split_rows(dataclasses.replace(rows, split=np.full(len(rows), "test")), number, 0.1, 0)

    def test_rows_without_a_class_are_nowhere(self, rows, number):
        split = split_rows(rows, np.where(number == 3, -1, number), 0.1, seed=0)
        places = np.concatenate([split.training, split.validation, *split.evaluation.values()])
        assert set(number[places]) == {0, 1, 2, 4, 5, 6}

    @pytest.mark.parametrize("name", TRAINING_SPLITS)
    def test_names_of_the_training_split(self, rows, number, split, name):
        renamed = dataclasses.replace(rows, split=np.where(rows.split == "Training", name, rows.split))
        assert np.array_equal(split_rows(renamed, number, 0.1, seed=0).training, split.training)

    def test_where_there_is_no_evaluation_split_a_part_is_held_out(self, rows, number):
        alone = dataclasses.replace(rows, split=np.full(len(rows), "all"))
        split = split_rows(alone, number, 0.1, seed=0)
        assert list(split.evaluation) == [HELD_OUT]
        held_out = split.evaluation[HELD_OUT]
        assert abs(len(held_out) - len(split.validation)) <= 8
        together = np.concatenate([split.training, split.validation, held_out])
        assert sorted(together.tolist()) == list(range(len(rows)))
        assert np.bincount(number[held_out], minlength=7).min() >= 6

    @pytest.mark.parametrize("seed", range(10))
    def test_nobody_is_on_two_sides(self, toy_subjects, seed):
        rows = landmarks_folder.load(toy_subjects).rows
        split = split_rows(rows, rows.label.astype(np.int64), 0.2, seed)
        subjects = [
            set(rows.subject[i]) for i in (split.training, split.validation, split.evaluation[HELD_OUT])
        ]
        assert all(subjects)
        assert sum(map(len, subjects)) == len(set.union(*subjects)) == 12


class TestTruth:
    def test_labels(self, rows):
        found = truth(rows, LABEL_SETS[7], "label")
        assert np.array_equal(found.number, rows.label)
        assert np.array_equal(found.target, np.eye(7, dtype=np.float32)[rows.label])

    def test_valence(self, rows):
        found = truth(rows, LABEL_SETS[3], "label")
        of_label = {"happy": 2, "neutral": 1, "surprise": -1}
        expected = [of_label.get(EMOTIONS[label], 0) for label in rows.label]
        assert found.number.tolist() == expected
        assert np.array_equal(found.target.sum(axis=1), found.number >= 0)

    def voted(self, rows, *votes):
        """Rows with these votes and no others."""
        table = np.zeros_like(rows.votes)
        table[: len(votes)] = np.reshape(votes, (-1, 10))
        return dataclasses.replace(rows, votes=table)

    def test_votes_decide_and_are_shared_out(self, rows):
        voted = self.voted(
            rows,
            (4, 0, 0, 1, 3, 2, 0, 0, 0, 0),  # neutral 4, sadness 1, anger 3, disgust 2
            (0, 0, 0, 0, 0, 0, 0, 3, 4, 3),  # mostly unknown
            (5, 5, 0, 0, 0, 0, 0, 0, 0, 0),  # a tie
            (3, 0, 0, 0, 0, 0, 0, 7, 0, 0),  # contempt
            (0, 6, 0, 0, 0, 0, 0, 2, 2, 0),  # happy, with contempt
        )
        seven = truth(voted, LABEL_SETS[7], "votes")
        assert seven.number[:6].tolist() == [6, -1, -1, -1, 3, -1]
        assert np.allclose(seven.target[0], [0.3, 0.2, 0, 0, 0.1, 0, 0.4])
        assert not seven.target[[1, 2, 3, 5]].any()
        assert np.allclose(seven.target[4], [0, 0, 0, 1, 0, 0, 0])  # of the votes for its classes
        eight = truth(voted, LABEL_SETS[8], "votes")
        assert eight.number[:5].tolist() == [6, -1, -1, 7, 3]
        assert np.allclose(eight.target[3], [0, 0, 0, 0, 0, 0, 0.3, 0.7])
        assert np.allclose(eight.target[4], [0, 0, 0, 0.75, 0, 0, 0, 0.25])
        assert (eight.target.dtype, eight.number.dtype) == (np.float32, np.int64)

    def test_votes_by_valence(self, rows):
        voted = self.voted(rows, (0, 1, 0, 5, 4, 0, 0, 0, 0, 0), (0, 0, 9, 1, 0, 0, 0, 0, 0, 0))
        found = truth(voted, LABEL_SETS[3], "votes")
        assert found.number[:2].tolist() == [0, -1]
        assert np.allclose(found.target[0], [0.9, 0, 0.1])
        assert not found.target[1].any()

    def test_without_votes(self, rows):
        with pytest.raises(DataError, match=r"truth=votes needs FER\+ votes: put fer2013new.csv"):
            truth(self.voted(rows), LABEL_SETS[7], "votes")


class TestInputs:
    def test_features_are_the_devices(self, folder):
        faces = folder.faces(maps=maps_of(INPUTS))
        inputs = read_inputs(faces, ("fine_map", "landmarks", "coarse_map"))
        assert list(inputs) == ["fine_map", "landmarks", "coarse_map"]
        assert np.array_equal(inputs["landmarks"][4], features.extract(faces.landmarks[4]))
        assert not inputs["landmarks"][~faces.found].any()
        assert inputs["fine_map"] is faces.maps["fine_map"]  # it is most of what there is in memory
        for name, values in inputs.items():
            assert values.shape == (504, *INPUTS[name].shape)

    def test_landmarks_alone(self, folder):
        (matrix,) = read_inputs(folder.faces(), ["landmarks"]).values()
        assert (matrix.dtype, matrix.shape) == (np.float32, (504, 1404))

    def test_without_any_face(self, folder):
        faces = folder.faces()
        nobody = dataclasses.replace(faces, found=np.zeros_like(faces.found))
        (matrix,) = read_inputs(nobody, ["landmarks"]).values()
        assert matrix.shape == (504, 1404)
        assert not matrix.any()

    def test_68_points(self, toy_subjects):
        folder = landmarks_folder.load(toy_subjects)
        faces = folder.faces()
        (matrix,) = read_inputs(faces, ["landmarks"]).values()
        assert matrix.shape == (len(faces.found), 136)
        assert np.array_equal(matrix[4], features.align(faces.landmarks[4]).ravel())
        with pytest.raises(DataError, match=r"has no fine_map of version 1: .* --set inputs=landmarks"):
            folder.faces(maps=["fine_map"])

    def test_landmarks_are_standardized_each_by_itself(self):
        matrix = np.random.default_rng(0).normal(3, [2, 0.1, 20, 1], (1000, 4)).astype(np.float32)
        matrix[:, 3] = 0.5
        standardize = standardization({"landmarks": matrix}, clip=2.0)
        result = standardize({"landmarks": matrix})["landmarks"]
        assert result.dtype == np.float32
        assert np.abs(result[:, :3]).max(axis=0).tolist() == [2, 2, 2]
        assert np.abs(result.mean(axis=0)).max() < 0.05
        assert (result[:, 3] == 0).all()

    def test_maps_are_standardized_as_a_whole(self):
        rng = np.random.default_rng(0)
        maps = {
            name: rng.normal(10 * n, n + 2, (50, 5, 5, 40)).astype(np.float16)
            for n, name in enumerate(("coarse_map", "fine_map"))
        }
        standardize = standardization(maps, 2.0)
        for n, (mean, std) in enumerate(standardize.by.values()):
            assert mean == pytest.approx([10 * n], abs=0.05)
            assert std == pytest.approx([n + 2], rel=0.01)

    def test_take(self):
        some = take({"a": np.arange(5), "b": np.arange(10, 15)}, np.array([3, 1]))
        assert {name: values.tolist() for name, values in some.items()} == {"a": [3, 1], "b": [13, 11]}

    def test_noise_is_on_the_landmarks_only(self):
        rng = np.random.default_rng(0)
        inputs = {"landmarks": np.zeros((4, 5), np.float32), "fine_map": np.zeros((4, 7), np.float32)}
        noisy = jittered(inputs, 0.1, rng)
        assert list(noisy) == ["landmarks", "fine_map"]
        assert 0.05 < noisy["landmarks"].std() < 0.2
        assert noisy["fine_map"] is inputs["fine_map"]
        assert not inputs["landmarks"].any()
        assert jittered({"fine_map": inputs["fine_map"]}, 0.1, rng).keys() == {"fine_map"}


SIZES = (10, 3, 1, 6)


class TestBalance:
    number = np.repeat(np.arange(4), SIZES)

    def counts(self, strategy, seed=0):
        order = epoch_order(self.number, strategy, np.random.default_rng(seed))
        return order, np.bincount(self.number[order], minlength=4).tolist()

    @pytest.mark.parametrize("strategy", ["none", "weights", "focal"])
    def test_every_row_once(self, strategy):
        order, _ = self.counts(strategy)
        assert sorted(order.tolist()) == list(range(20))

    def test_oversample(self):
        order, counts = self.counts("oversample")
        assert counts == [10] * 4
        repeated = np.bincount(order, minlength=20)
        assert set(repeated[:10]) == {1}
        assert sorted(repeated[10:13]) == [3, 3, 4]
        assert repeated[13] == 10

    def test_undersample(self):
        number = np.repeat(np.arange(3), (10, 4, 6))
        seen = set()
        for seed in range(30):
            order = epoch_order(number, "undersample", np.random.default_rng(seed))
            assert len(set(order.tolist())) == len(order)
            assert np.bincount(number[order]).tolist() == [4, 4, 4]
            seen |= set(order.tolist())
        assert seen == set(range(20))  # other rows in other epochs

    def test_batches(self):
        order, counts = self.counts("batches")
        assert counts == [5] * 4
        assert len(order) == 20

    def test_a_class_without_rows_is_left_out(self):
        order = epoch_order(np.array([0, 0, 2]), "oversample", np.random.default_rng(0))
        assert sorted(order.tolist())[-2:] == [2, 2]

    @pytest.mark.parametrize("strategy", STRATEGIES)
    def test_shuffled_by_the_generator(self, strategy):
        first, again, other = (self.counts(strategy, seed)[0].tolist() for seed in (0, 0, 1))
        assert first == again != other

    def test_weights(self):
        weights = row_weights(self.number, "weights")
        assert weights.dtype == np.float32
        assert weights.mean() == pytest.approx(1)
        sums = [weights[self.number == label].sum() for label in range(4)]
        assert np.allclose(sums, 5)
        for strategy in set(STRATEGIES) - {"weights"}:
            assert (row_weights(self.number, strategy) == 1).all()


class TestSettings:
    def test_overrides(self):
        settings = Settings().override(["epochs=3", "hidden=32,16", "learning_rate=1e-4", "truth=votes"])
        assert (settings.epochs, settings.hidden, settings.learning_rate) == (3, (32, 16), 1e-4)
        assert settings.truth == "votes"
        assert settings.batch == Settings().batch

    def test_inputs_by_name(self):
        assert Settings().override(["inputs=fine_map,landmarks"]).inputs == ("fine_map", "landmarks")

    @pytest.mark.parametrize("text", ["true", "false", "False"])
    def test_what_said_so_up_to_0_5(self, text):
        expected = Settings().inputs if text == "true" else ("landmarks",)
        assert Settings(inputs=("fine_map",)).override([f"embedding={text}"]).inputs == expected

    @pytest.mark.parametrize("assignment", ["epoch=3", "epochs", "=3", "", "hidden.0=3", "class_weight=1"])
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
            ("inputs=landmark", r"inputs must be different names of landmarks, .*, not 'landmark'"),
            ("inputs=landmarks,landmarks", "inputs must be different names"),
            ("inputs=", "inputs must be different names"),
            ("inputs=landmarks,", "inputs must be different names"),
            ("embedding=0", "expected KEY=VALUE with a KEY of seed"),
            ("epochs=0", "epochs must be 1…"),
            ("dropout=1", "dropout must be 0.0…0.95"),
            ("learning_rate=nan", "learning_rate must be"),
            ("hidden=0", "hidden must be"),
            ("channels=8", "channels must be two numbers"),
            ("labels=5", "labels must be one of 7, 8, 6, 3, not 5"),
            ("truth=vote", "truth must be one of label, votes, not vote"),
            ("balance=all", "balance must be one of none, weights, oversample, undersample, batches, focal"),
        ],
    )
    def test_wrong_values_are_refused(self, assignment, expected):
        with pytest.raises(ConfigError, match=expected):
            Settings().override([assignment])
