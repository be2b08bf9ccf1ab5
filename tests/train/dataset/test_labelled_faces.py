"""Ground truth and splits of rows."""

import dataclasses

import numpy as np
import pytest

from edge.core.errors import DataError
from evaluation.label_sets import EMOTIONS, LABEL_SETS
from train.dataset import landmarks_folder
from train.dataset.labelled_faces import HELD_OUT, TRAINING_SPLITS, ground_truth, split_rows


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
    return split_rows(rows, number, 0.1)


class TestSplit:
    def test_every_row_has_one_place(self, rows, split):
        places = [split.training, split.validation, *split.evaluation.values()]
        together = np.concatenate(places)
        assert len(together) == len(set(together.tolist())) == len(rows) - split.duplicates
        assert (rows.split[split.training] == "Training").all()
        assert (rows.split[split.validation] == "Training").all()
        assert list(split.evaluation) == ["PublicTest"]

    def test_a_training_row_with_an_evaluation_picture_is_excluded(self, rows, split):
        assert split.duplicates == 1
        assert 0 not in split.training
        assert 0 not in split.validation
        evaluation = split.evaluation["PublicTest"]
        assert not set(rows.picture_hash[split.training]) & set(rows.picture_hash[evaluation])

    def test_copies_are_kept_where_that_is_asked_for(self, rows, number):
        split = split_rows(rows, number, 0.1, keep_copies=True)
        assert split.duplicates == 0
        assert 0 in [*split.training, *split.validation]

    def test_an_evaluation_picture_is_kept_out_even_where_its_own_row_is_not_scored(self, rows, number):
        first = int(np.flatnonzero(rows.split == "PublicTest")[0])
        without = np.where(np.arange(len(rows)) == first, -1, number)
        split = split_rows(rows, without, 0.1)
        assert first not in split.evaluation["PublicTest"]
        assert 0 not in [*split.training, *split.validation]

    @pytest.mark.parametrize("row", range(3, 420, 15))
    def test_identical_pictures_stay_together(self, rows, number, row):
        hashes = rows.picture_hash.copy()
        hashes[row] = hashes[2]
        split = split_rows(dataclasses.replace(rows, picture_hash=hashes), number, 0.3)
        assert (2 in split.validation) == (row in split.validation)

    def test_validation_takes_the_same_share_of_every_class(self, rows, split):
        pictures, first = np.unique(rows.picture_hash[split.validation], return_index=True)
        assert len(pictures) >= 42
        assert np.bincount(rows.label[split.validation][first], minlength=7).tolist() == [6] * 7

    def test_the_split_of_a_picture_does_not_depend_on_the_order_of_rows(self, rows, number, split):
        order = np.random.default_rng(5).permutation(len(rows))
        shuffled = rows.take(order)
        again = split_rows(shuffled, number[order], 0.1)
        # Rows 2 and 3 share a picture but not a label: the first decides, so leave them aside.
        names = [
            set(r.name[i]) - {"toy.csv:4", "toy.csv:5"}
            for r, i in ((rows, split.validation), (shuffled, again.validation))
        ]
        assert len(names[0] ^ names[1]) <= 2

    def test_without_training_rows(self, rows, number):
        with pytest.raises(DataError, match="no rows to train on: expected a split named Training or"):
            split_rows(dataclasses.replace(rows, split=np.full(len(rows), "test")), number, 0.1)

    def test_rows_without_a_class_are_nowhere(self, rows, number):
        split = split_rows(rows, np.where(number == 3, -1, number), 0.1)
        places = np.concatenate([split.training, split.validation, *split.evaluation.values()])
        assert set(number[places]) == {0, 1, 2, 4, 5, 6}

    @pytest.mark.parametrize("name", TRAINING_SPLITS)
    def test_names_of_the_training_split(self, rows, number, split, name):
        renamed = dataclasses.replace(rows, split=np.where(rows.split == "Training", name, rows.split))
        assert np.array_equal(split_rows(renamed, number, 0.1).training, split.training)

    def test_where_there_is_no_evaluation_split_a_part_is_held_out(self, rows, number):
        alone = dataclasses.replace(rows, split=np.full(len(rows), "all"))
        split = split_rows(alone, number, 0.1)
        assert list(split.evaluation) == [HELD_OUT]
        held_out = split.evaluation[HELD_OUT]
        assert abs(len(held_out) - len(split.validation)) <= 8
        together = np.concatenate([split.training, split.validation, held_out])
        assert sorted(together.tolist()) == list(range(len(rows)))
        assert np.bincount(number[held_out], minlength=7).min() >= 6

    @pytest.mark.parametrize("validation", [0.1, 0.15, 0.2, 0.25, 0.3])
    def test_nobody_is_on_two_sides(self, toy_subjects, validation):
        rows = landmarks_folder.load(toy_subjects).rows
        split = split_rows(rows, rows.label.astype(np.int64), validation)
        subjects = [
            set(rows.subject[i]) for i in (split.training, split.validation, split.evaluation[HELD_OUT])
        ]
        assert all(subjects)
        assert sum(map(len, subjects)) == len(set.union(*subjects)) == 12


class TestTruth:
    def test_labels(self, rows):
        found = ground_truth(rows, LABEL_SETS[7], "label")
        assert np.array_equal(found.number, rows.label)
        assert np.array_equal(found.target, np.eye(7, dtype=np.float32)[rows.label])

    def test_valence(self, rows):
        found = ground_truth(rows, LABEL_SETS[3], "label")
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
        seven = ground_truth(voted, LABEL_SETS[7], "votes")
        assert seven.number[:6].tolist() == [6, -1, -1, -1, 3, -1]
        assert np.allclose(seven.target[0], [0.3, 0.2, 0, 0, 0.1, 0, 0.4])
        assert not seven.target[[1, 2, 3, 5]].any()
        assert np.allclose(seven.target[4], [0, 0, 0, 1, 0, 0, 0])  # of the votes for its classes
        eight = ground_truth(voted, LABEL_SETS[8], "votes")
        assert eight.number[:5].tolist() == [6, -1, -1, 7, 3]
        assert np.allclose(eight.target[3], [0, 0, 0, 0, 0, 0, 0.3, 0.7])
        assert np.allclose(eight.target[4], [0, 0, 0, 0.75, 0, 0, 0, 0.25])
        assert (eight.target.dtype, eight.number.dtype) == (np.float32, np.int64)

    def test_votes_by_valence(self, rows):
        voted = self.voted(rows, (0, 1, 0, 5, 4, 0, 0, 0, 0, 0), (0, 0, 9, 1, 0, 0, 0, 0, 0, 0))
        found = ground_truth(voted, LABEL_SETS[3], "votes")
        assert found.number[:2].tolist() == [0, -1]
        assert np.allclose(found.target[0], [0.9, 0, 0.1])
        assert not found.target[1].any()

    def test_without_votes(self, rows):
        with pytest.raises(DataError, match=r"truth=votes needs FER\+ votes: put fer2013new.csv"):
            ground_truth(self.voted(rows), LABEL_SETS[7], "votes")
