"""What thresholds of reasons do: damage of a known strength, figures of made-up answers, real pictures."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.classes import choose_classes
from benchmarks.reasons import graded
from benchmarks.reasons.graded import GRADED
from benchmarks.reasons.reasons import Case, PictureCases, score
from benchmarks.systems.system import Answer
from edge.core.features import EYE_ANCHORS, MESH_POINTS
from edge.core.types import Box, Reason
from edge.head.reasons import MIN_BRIGHTNESS, MIN_EYE_DISTANCE, light
from evaluation.label_sets import FER2013

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "other_origin"
BUNDLE = ("--bundle", "landmarks")
CLASSES = choose_classes(FER2013, None)


@pytest.fixture
def face() -> tuple[np.ndarray, np.ndarray]:
    """A ramp with noise, (200, 300), and landmarks in it whose outer eye corners are 50 px apart."""
    rng = np.random.default_rng(1)
    landmarks = np.zeros((MESH_POINTS, 3), np.float32)
    landmarks[:, :2] = rng.uniform((100, 50), (180, 150), (MESH_POINTS, 2))
    landmarks[list(EYE_ANCHORS[MESH_POINTS]), :2] = (110, 80), (160, 80)
    ramp = np.linspace(32, 192, 300, dtype=np.uint8)[None, :, None]
    return ramp + rng.integers(0, 64, (200, 300, 3), np.uint8), landmarks


def test_a_face_is_shrunk_to_a_number_of_pixels(face):
    rgb, landmarks = face
    small = graded.shrink(rgb, landmarks, 10)
    assert small.shape == (40, 60, 3)
    assert small.mean() == pytest.approx(rgb.mean(), abs=1)
    assert graded.shrink(rgb, landmarks, 50) is None


def test_a_face_is_darkened_to_a_grey_level(face):
    rgb, landmarks = face
    rgb[:, :50] = 255  # beside the face
    before, box = rgb.copy(), Box.around(landmarks)
    for level in GRADED[Reason.DARK].levels:
        dark = graded.darken(rgb, landmarks, level)
        assert light(dark, box).brightness == pytest.approx(level, abs=0.5)
        assert dark[:, :50].mean() == pytest.approx(255 * level / light(rgb, box).brightness, abs=0.5)
    assert graded.darken(rgb, landmarks, light(rgb, box).brightness) is None
    assert graded.darken(rgb, landmarks + 900, 10) is None
    np.testing.assert_array_equal(rgb, before)


def test_a_face_is_blurred_in_proportion_to_its_size(face):
    rgb, landmarks = face
    box = Box.around(landmarks)
    sharpness = [light(graded.blur(rgb, landmarks, s), box).sharpness for s in GRADED[Reason.BLURRED].levels]
    assert sharpness == sorted(sharpness, reverse=True)
    edge = np.zeros((200, 300, 3), np.uint8)
    edge[:, 150:] = 200
    row = graded.blur(edge, landmarks, 0.1)[100, :, 0].astype(int)
    # A blurred edge is the normal distribution: at σ = 0.1 · 50 px from 149.5, 84 % of its height.
    assert row[154] < 0.841 * 200 < row[155]
    assert graded.blur(rgb, landmarks * 0, 0.1) is None


def test_levels_go_from_mild_to_strong_on_both_sides_of_the_threshold():
    for reason, threshold in ((Reason.SMALL, MIN_EYE_DISTANCE), (Reason.DARK, MIN_BRIGHTNESS)):
        levels = GRADED[reason].levels
        assert list(levels) == sorted(levels, reverse=True)
        assert levels[-1] < threshold < levels[0]


def said(label: str, *found: Reason, turn: float = 0.0, small: float = 40.0, true: str = "happy") -> Case:
    probabilities = np.full(7, 0.05, np.float32)
    probabilities[FER2013.index(label)] = 0.7
    return Case(true, Answer(probabilities, reasons=found), {Reason.TURNED: turn, Reason.SMALL: small})


@pytest.fixture
def outcomes() -> list[PictureCases]:
    """Four pictures: right, right and turned, wrong and far turned, missed."""
    right, turned = said("happy"), said("happy", turn=20.0)
    wrong = said("sad", Reason.TURNED, turn=35.0)
    few = (Reason.SMALL, 10)
    missed = Case("happy", None, {})
    return [
        PictureCases(right, {few: said("sad", Reason.SMALL, small=10)}),
        PictureCases(turned, {few: said("happy", small=13)}),
        PictureCases(wrong, {few: missed}),
        PictureCases(missed, {}),
    ]


def test_figures_of_made_up_answers(outcomes):
    figures = score(outcomes, CLASSES)
    assert (figures["clean"]["n"], figures["clean"]["coverage"]) == (4, 0.75)
    assert figures["clean"]["accuracy"] == 0.5
    assert figures["clean"]["accuracy_found"] == pytest.approx(2 / 3)
    assert figures["clean"]["reasons"]["turned"] == pytest.approx(1 / 3)
    (step,) = (row for row in figures["steps"]["small"] if row["level"] == 10)
    # The picture without a face was not damaged: nobody knows how large it is.
    assert (step["n"], step["accuracy"], step["accuracy_found"]) == (3, pytest.approx(1 / 3), 0.5)
    assert step["accuracy_before"] == pytest.approx(2 / 3)
    assert (step["reasons"]["small"], step["measured"]) == (0.5, 11.5)


def test_bins_of_the_turn_hold_their_upper_bound(outcomes):
    bins = score(outcomes, CLASSES)["turned"]
    assert [(row["low"], row["high"]) for row in bins] == [(0, 10), (10, 20), (20, 30), (30, None)]
    assert [row["n"] for row in bins] == [1, 1, 0, 1]
    assert [row["accuracy"] for row in bins] == [1, 1, None, 0]
    assert bins[2]["interval"] is None


def test_flagged_faces_against_the_others(outcomes):
    summary = score(outcomes, CLASSES)["summary"]
    assert list(summary) == [str(reason) for reason in Reason]
    turned = summary["turned"]
    assert turned["steps"] is None
    assert summary["unsure"]["steps"] == {
        "flagged": {"n": 0, "accuracy": None},
        "others": {"n": 2, "accuracy": 0.5},
        "others_weighted": None,
    }
    groups = [turned["clean"][side] for side in ("flagged", "others")]
    assert [(row["n"], row["accuracy"]) for row in groups] == [(1, 0.0), (2, 1.0)]
    low, high = turned["clean"]["others"]["interval"]
    assert 0 < low < high == 1
    # No interval: pictures occur several times in steps.
    assert summary["small"]["steps"] == {
        "flagged": {"n": 1, "accuracy": 0.0},
        "others": {"n": 1, "accuracy": 1.0},
        "others_weighted": 1.0,
    }
    assert summary["small"]["clean"]["flagged"] == {"n": 0, "accuracy": None, "interval": None}


def test_a_class_that_is_hard_and_turned_does_not_make_turning_hard():
    """Three of four "fear" pictures are turned, one of five "happy" ones is; "fear" is never found."""
    turned = [("fear", 3), ("happy", 1)]
    ahead = [("fear", 1), ("happy", 4)]
    outcomes = [
        PictureCases(said("happy", *found, turn=25.0 * len(found), true=true), {})
        for group, found in ((turned, (Reason.TURNED,)), (ahead, ()))
        for true, n in group
        for _ in range(n)
    ]
    figures = score(outcomes, CLASSES)
    clean = figures["summary"]["turned"]["clean"]
    assert (clean["flagged"]["accuracy"], clean["others"]["accuracy"]) == (0.25, 0.8)
    assert clean["others_weighted"] == 0.25
    assert [row["others_weighted"] for row in figures["turned"]] == [0.8, None, 0.25, None]
    # Without a face of a class that looks ahead, nobody knows.
    alone = [outcomes[0], outcomes[-1]]
    assert score(alone, CLASSES)["summary"]["turned"]["clean"]["others_weighted"] is None


def test_a_level_that_no_picture_was_damaged_to_has_no_figures(outcomes):
    row = score(outcomes, CLASSES)["steps"]["dark"][0]
    assert row["n"] == 0
    figures = ("coverage", "accuracy", "accuracy_found", "accuracy_before", "measured")
    assert [row[key] for key in figures] == [None] * 5
    assert set(row["reasons"].values()) == {None}


def test_end_to_end_on_portraits(benchmark_json, class_folders, capsys):
    flags = ("--data", class_folders, "--split", "test", *BUNDLE)
    result = benchmark_json("reasons", *flags, "--workers", 1)
    printed = capsys.readouterr().out
    assert (result["kind"], result["n"], result["skipped"], result["pictures"]) == ("reasons", 3, 1, None)
    assert result["protocol"]["thresholds"]["small"] == 12
    assert result["environment"]["date"]
    same = ("n", "coverage", "accuracy", "accuracy_found")
    accuracy = benchmark_json("accuracy", *flags, "--workers", 1)
    assert [result["clean"][key] for key in same] == [accuracy[key] for key in same]
    for reason, rows in result["steps"].items():
        assert {row["n"] for row in rows} == {2}  # in the grey picture there is no face to damage
        assert rows[0]["reasons"][reason] == 0
        assert rows[-1]["reasons"][reason] in (1, None)
        assert result["summary"][reason]["clean"]["flagged"]["n"] == 0
        assert result["summary"][reason]["steps"]["flagged"]["n"] > 0
    small = result["steps"]["small"]
    assert small[0]["measured"] == pytest.approx(32, rel=0.05)
    assert result["steps"]["dark"][0]["measured"] == pytest.approx(80, abs=3)
    assert sum(row["n"] for row in result["turned"]) == 2
    for words in ("SMALL: EYE DISTANCE, PX; FLAGGED BELOW 12", "blurred, in its steps", "> 30"):
        assert words in printed


def test_what_is_flagged_in_a_handful_of_pictures_on_two_processes(tmp_path, benchmark_json):
    if not DATA.is_dir():
        pytest.skip(f"no pictures at {DATA}")
    for label in ("happy", "surprise", "sad"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for path in sorted((DATA / label).iterdir())[:3]:
            shutil.copy(path, tmp_path / "data" / label)
    flags = ("--data", tmp_path / "data", "--pictures", 6, "--labels", 7, "--bundle", "ferplus")
    one = benchmark_json("reasons", *flags, "--workers", 2)
    assert (one["n"], one["pictures"]) == (6, 6)
    assert one["clean"]["coverage"] == 1
    for reason, rows in one["steps"].items():
        assert rows[0]["accuracy"] >= rows[-1]["accuracy"]
        shares = [row["reasons"][reason] for row in rows if row["reasons"][reason] is not None]
        assert shares[0] < 0.5 < shares[-1]
