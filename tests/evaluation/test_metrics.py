"""Our metrics against scikit-learn's, a miss being one more answer that is never right."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from evaluation import calibration, metrics

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


@pytest.fixture(scope="module")
def run():
    """600 answers: about half of them right, a tenth missed, of the missed some assumed; no disgust."""
    rng = np.random.default_rng(7)
    true = rng.choice([0, 2, 3, 4, 5, 6], 600)
    predicted = np.where(rng.random(600) < 0.5, true, rng.integers(0, 7, 600))
    found = rng.random(600) > 0.15
    predicted[~found & (rng.random(600) < 0.7)] = metrics.MISSED
    confidence = np.where(predicted == metrics.MISSED, 0.0, rng.uniform(1 / 7, 1, 600)).astype(np.float32)
    return true, predicted, confidence, found


@pytest.fixture(scope="module")
def result(run):
    return metrics.report(CLASSES, *run)


def test_accuracy_counts_misses_as_wrong(run, result):
    true, predicted, _, found = run
    assert result["n"] == 600
    assert result["accuracy"] == accuracy_score(true, predicted)
    assert result["accuracy_found"] == accuracy_score(true[found], predicted[found])
    assert result["coverage"] == found.sum() / 600
    assert result["n_assumed"] == (~found).sum() - (predicted == metrics.MISSED).sum() > 0


def test_confusion_has_a_column_for_misses(run, result):
    true, predicted, _, _ = run
    expected = confusion_matrix(true, predicted, labels=[*range(7), metrics.MISSED])[:7]
    assert result["confusion"]["counts"] == expected.tolist()
    assert result["confusion"]["columns"] == [*CLASSES, "missed"]


def test_precision_recall_f1_of_each_class(run, result):
    true, predicted, _, found = run
    expected = precision_recall_fscore_support(true, predicted, labels=range(7), zero_division=np.nan)
    for index, name in enumerate(CLASSES):
        ours = result["per_class"][name]
        precision, recall, f1, n = (values[index] for values in expected)
        assert ours["n"] == n
        assert ours["precision"] == pytest.approx(precision)
        if n:
            assert ours["recall"] == pytest.approx(recall)
            assert ours["f1"] == pytest.approx(f1)
            assert ours["coverage"] == pytest.approx(found[true == index].mean())
        else:
            assert (ours["recall"], ours["f1"], ours["coverage"]) == (None, None, None)
    assert result["per_class"]["disgust"]["n"] == 0


def test_macro_f1_is_over_the_classes_of_the_data(run, result):
    true, predicted, _, _ = run
    expected = f1_score(true, predicted, labels=np.unique(true), average="macro")
    assert result["macro_f1"] == pytest.approx(expected)


def test_ece_of_the_found_faces_against_the_reliability_curve(run, result):
    true, predicted, confidence, found = run
    correct, confidence = (true == predicted)[found], confidence[found].astype(np.float64)
    rate, mean = calibration_curve(correct, confidence, n_bins=15)
    counts, _ = np.histogram(confidence, np.linspace(0, 1, 16))
    expected = (np.abs(rate - mean) * counts[counts > 0]).sum() / len(confidence)
    assert result["ece"] == pytest.approx(expected)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below():
    # 0.4 shares the bin of 0.35, where one right and one wrong answer nearly cancel.
    ece = calibration.expected_calibration_error(np.array([0.35, 0.4]), np.array([True, False]))
    assert ece == pytest.approx(0.5 - 0.375)


def test_nothing_found_leaves_the_figures_of_found_faces_open():
    none = np.zeros(3, bool)
    result = metrics.report(CLASSES, np.array([0, 1, 1]), np.full(3, metrics.MISSED), np.zeros(3), none)
    assert (result["accuracy"], result["coverage"], result["macro_f1"]) == (0, 0, 0)
    assert (result["accuracy_found"], result["ece"]) == (None, None)
    assert result["per_class"]["angry"]["precision"] is None
    assert result["per_class"]["angry"]["recall"] == 0


def test_the_reliability_rows_add_up_to_the_ece(run, result):
    true, predicted, confidence, found = run
    rows = result["reliability"]
    assert len(rows) == calibration.ECE_BINS
    assert sum(row["n"] for row in rows) == found.sum()
    assert (rows[0]["confidence"], rows[0]["accuracy"]) == (None, None)  # nobody is less sure than 1/7
    for row in rows[3:]:
        inside = found & (confidence > row["low"]) & (confidence <= row["high"])
        assert row["n"] == inside.sum()
        assert row["accuracy"] == pytest.approx((true == predicted)[inside].mean())
        assert row["confidence"] == pytest.approx(confidence[inside].mean())


def test_risk_coverage_by_hand():
    # A miss has confidence 0: it is given up last, and is wrong.
    confidence = np.array([0.5, 0.9, 0.0, 0.7])
    correct = np.array([False, True, False, True])
    share, risk = calibration.risk_coverage(confidence, correct)
    assert share == pytest.approx([0.25, 0.5, 0.75, 1])
    assert risk == pytest.approx([0, 0, 1 / 3, 1 / 2])
    assert calibration.area_under_risk_coverage(confidence, correct) == pytest.approx((1 / 3 + 1 / 2) / 4)
    assert calibration.selective_accuracy(confidence, correct, 0.75) == pytest.approx(2 / 3)
    assert calibration.selective_accuracy(confidence, correct, 0.01) == 1  # one picture at least


def test_the_order_of_equal_confidences_does_not_matter():
    confidence = np.array([0.8, 0.8, 0.8, 0.8, 0.3])
    correct = np.array([True, False, False, False, True])
    _, risk = calibration.risk_coverage(confidence, correct)
    assert risk == pytest.approx([0.75, 0.75, 0.75, 0.75, 0.6])
    assert calibration.risk_coverage(confidence, correct[[1, 0, 2, 3, 4]])[1] == pytest.approx(risk)


def test_selective_accuracy_of_all_pictures_is_the_accuracy(run, result):
    true, predicted, confidence, _ = run
    correct = true == predicted
    assert calibration.selective_accuracy(confidence, correct, 1.0) == pytest.approx(result["accuracy"])
    order = np.argsort(-confidence)
    assert result["selective"]["0.6"] == pytest.approx(correct[order[:360]].mean())
    assert list(result["selective"]) == ["0.8", "0.6", "0.4", "0.2"]
    assert 0 < result["aurc"] < 1


def test_the_threshold_is_the_smallest_that_reaches_the_target():
    confidence = np.array([0.9, 0.8, 0.7, 0.6, 0.6, 0.5])
    correct = np.array([True, True, False, True, True, False])
    assert calibration.confidence_threshold(confidence, correct, 0.8) == 0.6  # 4 of 5
    assert calibration.confidence_threshold(confidence, correct, 0.9) == 0.8  # 2 of 2
    assert calibration.confidence_threshold(confidence, correct, 0.6) == 0.0  # 4 of 6: all of them


def test_a_target_out_of_reach_gives_the_most_accurate_threshold():
    confidence = np.array([0.9, 0.8, 0.7])
    correct = np.array([False, True, True])
    assert calibration.confidence_threshold(confidence, correct, 0.95) == 0.0  # 2 of 3 is the best
    assert calibration.confidence_threshold(confidence, ~correct, 1.1) == pytest.approx(0.9)


def test_a_threshold_keeps_one_row_in_a_hundred():
    confidence = np.linspace(0.2, 1, 1000)
    correct = np.zeros(1000, bool)
    correct[-1] = correct[900:950] = True
    threshold = calibration.confidence_threshold(confidence, correct, 1.0)
    assert (confidence >= threshold).sum() >= 10
