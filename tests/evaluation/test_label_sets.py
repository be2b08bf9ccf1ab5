"""Label sets and FER+ votes."""

import numpy as np
import pytest

from edge.core.errors import DataError
from evaluation.label_sets import (
    EMOTIONS,
    FER2013,
    FERPLUS_VOTES,
    LABEL_SETS,
    canonical,
    majority,
    vote_distribution,
)


def votes(**counts):
    return np.array([[counts.get(name, 0) for name in FERPLUS_VOTES]], np.uint8)


def test_names_of_other_data_sets():
    assert [canonical(name) for name in (" Anger", "contempt", "JOY")] == ["angry", "contempt", "happy"]
    with pytest.raises(DataError, match="unknown class 'boredom': expected one of angry"):
        canonical("boredom")


def test_label_sets_have_the_number_of_classes_that_names_them():
    for number, labels in LABEL_SETS.items():
        assert len(labels.labels) == len(set(labels.labels)) == number
        assert len(labels.of_emotion) == len(EMOTIONS)
        assert set(filter(None, labels.of_emotion)) == set(labels.labels)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (7, [0, 1, 2, 3, 4, 5, 6, -1]),
        (8, [0, 1, 2, 3, 4, 5, 6, 7]),
        (6, [0, 1, 2, 3, 4, 5, -1, -1]),
        (3, [0, 0, 0, 2, 0, -1, 1, 0]),
    ],
)
def test_the_class_of_each_emotion(number, expected):
    labels = LABEL_SETS[number]
    assert labels.numbers.tolist() == expected
    assert labels.matrix().argmax(axis=1).tolist() == [max(0, index) for index in expected]
    assert labels.matrix().sum(axis=1).tolist() == [float(index >= 0) for index in expected]


def test_majority_of_the_votes():
    cases = np.concatenate(
        [
            votes(neutral=6, happiness=4),
            votes(contempt=5, neutral=4, unknown=1),
            votes(neutral=5, sadness=5),
            votes(unknown=6, anger=4),
            votes(NF=10),
            votes(),
        ]
    )
    assert majority(cases).tolist() == [EMOTIONS.index("neutral"), EMOTIONS.index("contempt"), -1, -1, -1, -1]


def test_distribution_leaves_out_unknown_and_no_face():
    shares = vote_distribution(np.concatenate([votes(anger=3, fear=1, unknown=6), votes(NF=10)]))
    assert shares[0].tolist() == [0.75, 0, 0.25, 0, 0, 0, 0, 0]
    assert not shares[1].any()
    assert FER2013 == EMOTIONS[:7]
