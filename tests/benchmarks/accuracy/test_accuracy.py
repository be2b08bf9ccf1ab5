"""``mien benchmark accuracy`` on class folders and csv files, and where it cannot run."""

import csv
import json
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.accuracy.accuracy import make_protocol
from benchmarks.accuracy.classes import choose_classes, with_truth
from benchmarks.accuracy.scores import summarize
from benchmarks.systems.evaluator import Evaluator
from benchmarks.systems.face_finders import assumed_region, find_or_assume, find_tracked
from benchmarks.systems.system import Answer, PipelineSystem
from edge.build import build_pipeline, load_bundle
from edge.bundles.format import Bundle
from edge.core.errors import ConfigError
from edge.core.types import Frame
from edge.settings import load_settings
from edge.sources.pictures import read_picture
from evaluation import Preparation, Sample, prepare, read_dataset
from evaluation.label_sets import FER2013, FERPLUS_VOTES, LABEL_SETS

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT.parent / "shared" / "data" / "fer2013_dev.npz"
BUNDLE = ("--bundle", "landmarks")
SETTINGS = load_settings(None, {"expression.bundle": "landmarks"})


@pytest.fixture(scope="module")
def fer_csv(tmp_path_factory):
    """30 rows of FER2013's PublicTest and 2 of Training as ``fer2013.csv``, with two bad rows."""
    if not DATA.is_file():
        pytest.skip(f"no FER2013 pictures at {DATA}")
    with np.load(DATA) as arrays:
        usage, images, labels = arrays["usage"], arrays["images"], arrays["labels"]
    # Among these are faces that the detector misses and that the landmark model accepts.
    rows = [*np.flatnonzero(usage == 1)[60:90], *np.flatnonzero(usage == 0)[:2]]
    path = tmp_path_factory.mktemp("fer") / "fer2013.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        writer.writerow([3, "1 2 3", "PublicTest"])
        for row in rows:
            pixels = " ".join(map(str, images[row].ravel()))
            writer.writerow([labels[row], pixels, "PublicTest" if usage[row] else "Training"])
        writer.writerow([9, "", "PublicTest"])
    return path


def test_class_folders_end_to_end(benchmark_json, class_folders, portraits, capsys):
    result = benchmark_json("accuracy", *BUNDLE, "--data", class_folders, "--split", "test", "--workers", 1)
    assert (result["n"], result["skipped"]) == (3, 1)
    assert "broken.png" in result["skipped_rows"][0]
    assert "broken.png" in capsys.readouterr().err
    assert result["coverage"] == pytest.approx(2 / 3)
    assert result["per_class"]["happy"]["n"] == 1
    assert result["per_class"]["neutral"]["n"] == 2
    assert result["per_class"]["neutral"]["coverage"] == 0.5

    # The same pictures through the app's pipeline, by hand.
    labels = {name: _label(path, result["preparation"]) for name, path in portraits.items()}
    right = (labels["astronaut.png"] == "happy") + (labels["grace_hopper.jpg"] == "neutral")
    assert result["accuracy"] == pytest.approx(right / 3)
    assert result["accuracy_found"] == pytest.approx(right / 2)
    recalls = [row["recall"] for row in result["per_class"].values() if row["n"]]
    assert result["macro_recall"] == pytest.approx(sum(recalls) / 2)
    counts, columns = np.array(result["confusion"]["counts"]), result["confusion"]["columns"]
    assert counts[columns.index("happy"), columns.index(labels["astronaut.png"])] == 1
    assert counts[columns.index("neutral"), columns.index("missed")] == 1
    assert counts.sum() == 3


def _label(path, preparation):
    pipeline = build_pipeline(SETTINGS)
    rgb = prepare(read_picture(path), **preparation)
    (face,) = pipeline.process(Frame(rgb, 0, 0, path.name, still=True)).faces
    pipeline.close()
    return face.label


def test_csv_on_two_processes(fer_csv, tmp_path):
    out = tmp_path / "out.json"
    command = [sys.executable, "-m", "benchmarks", "accuracy", *BUNDLE, "--data", fer_csv]
    command += ["--split", "PublicTest", "--workers", "2", "--json", out]
    completed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    result = json.loads(out.read_text("utf-8"))
    assert result["n"] == 30
    assert result["split"] == "PublicTest"
    assert result["coverage"] > 0.85
    assert result["skipped"] == 2
    assert [row.partition(": ")[0] for row in result["skipped_rows"]] == [f"{fer_csv}:2", f"{fer_csv}:35"]
    assert 0 <= result["ece"] <= 1
    assert result["accuracy"] == pytest.approx(result["accuracy_found"] * result["coverage"])
    assert result["assume_face"] is False
    assert result["n_assumed"] == 0
    assert len(result["data"]["sha256"]) == 64
    assert "coverage" in completed.stdout

    one = _outcomes(_samples(fer_csv), make_protocol(SETTINGS, None, None, False))
    again = _summarized(one)
    assert again == {key: result[key] for key in again}


def _outcomes(samples, protocol):
    with closing(Evaluator(protocol.setup())) as evaluator:
        return list(map(evaluator.evaluate, samples))


def _summarized(outcomes):
    emotions, answers = zip(*((outcome.true, outcome.answer) for outcome in outcomes), strict=True)
    return summarize(emotions, answers, choose_classes(FER2013, None))[0]


def _samples(path):
    return read_dataset(path, "PublicTest", on_bad=lambda message: None)


def _hard_to_find(portraits):
    """A face of 20×20 px that the landmark model sees, but the detector does not."""
    rgb = read_picture(portraits["grace_hopper.jpg"])[125:235, 201:311]
    grey = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (20, 20), interpolation=cv2.INTER_AREA)
    return Sample(grey, "neutral", "hard", "PublicTest")


def test_an_assumed_face_gives_answers_but_no_coverage(fer_csv, portraits):
    samples = [*_samples(fer_csv), _hard_to_find(portraits)]
    plain, more = (_outcomes(samples, make_protocol(SETTINGS, None, None, way)) for way in (False, True))
    rescued = 0
    for before, after in zip(plain, more, strict=True):
        if before.answer:
            assert after.answer.found
            assert after.answer.probabilities.tolist() == before.answer.probabilities.tolist()
        elif after.answer:
            assert not after.answer.found
            rescued += 1
    assert rescued > 0
    scores = _summarized(more)
    assert scores["n_assumed"] == rescued
    assert scores["coverage"] == np.mean([outcome.answer is not None for outcome in plain])


def test_the_assumed_region_is_the_middle_of_the_picture_without_its_margin():
    rgb = prepare(np.zeros((40, 60), np.uint8), 2.0, 0.5)  # 120×80, with a margin of 60 on each side
    roi = assumed_region(*rgb.shape[:2], padding=0.5)
    assert (roi.center_x, roi.center_y, roi.rotation) == (120, 100, 0)
    assert roi.size == pytest.approx(1.3 * 120)


def test_a_wrong_face_region_is_refused_by_presence(portraits):
    grey = np.full((200, 200, 3), 128, np.uint8)
    with closing(build_pipeline(SETTINGS)) as pipeline:
        assert find_or_assume(pipeline, Frame(grey, 0, 0, "", still=True), padding=0.0) == ([], False)


def test_tracked_answers_as_the_second_frame_of_a_camera_does(portraits):
    rgb = read_picture(portraits["astronaut.png"])
    settings = load_settings(None, {"expression.smoothing_s": 0.0})
    with closing(PipelineSystem(settings, find_tracked)) as system:
        answer = system.answer(rgb)
    with closing(build_pipeline(settings)) as pipeline:
        for index in range(2):
            (face,) = pipeline.process(Frame(rgb, index, index, "")).faces
    assert answer.found
    np.testing.assert_allclose(answer.probabilities, face.probabilities, atol=1e-6)


def test_preparation_flags_win_over_what_the_bundle_records(monkeypatch):
    bundle = load_bundle("landmarks")
    fields = {name: getattr(bundle, name) for name in Bundle.__slots__}
    bundle = Bundle(**{**fields, "preparation": (3.0, 0.5)})
    monkeypatch.setattr("benchmarks.accuracy.accuracy.load_bundle", lambda name: bundle)
    for flags, expected in (
        ((None, None), (3.0, 0.5)),
        ((2.0, None), (2.0, 0.5)),
        ((None, 0.0), (3.0, 0.0)),
    ):
        assert make_protocol(SETTINGS, *flags).preparation == Preparation(*expected)


def outcome(true, **probabilities):
    """An answer of a bundle of the seven classes; what is not given shares the rest."""
    rest = (1 - sum(probabilities.values())) / (7 - len(probabilities))
    return true, Answer(np.array([probabilities.get(name, rest) for name in FER2013], np.float32))


def scored(outcomes, classes):
    return summarize(*zip(*outcomes, strict=True), classes)


def test_a_class_that_the_bundle_does_not_know_is_wrong_and_named():
    outcomes = [outcome("happy", happy=0.9), outcome("contempt", sad=0.5)]
    scores, warnings = scored(outcomes, choose_classes(FER2013, None))
    assert scores["accuracy"] == 0.5
    figures = {"precision": None, "recall": 0, "f1": 0, "n": 1, "coverage": 1}
    assert scores["per_class"]["contempt"] == figures
    assert warnings == ["the bundle does not know contempt: 1 pictures of it count as wrong"]


def test_probabilities_are_summed_within_a_class():
    # No negative emotion leads by itself, all of them together do.
    mixed = outcome("sad", angry=0.2, fear=0.2, sad=0.2, happy=0.3, surprise=0.0, disgust=0.05)
    scores, _ = scored([mixed], choose_classes(FER2013, None))
    assert scores["accuracy"] == 0
    scores, warnings = scored([mixed], choose_classes(FER2013, 3))
    assert scores["confusion"]["rows"] == ["negative", "neutral", "positive"]
    assert scores["accuracy"] == 1
    assert not warnings
    (filled,) = (row for row in scores["reliability"] if row["n"])
    assert filled["confidence"] == pytest.approx(0.65)


def test_probabilities_of_left_out_labels_are_not_counted():
    surprised = outcome("happy", surprise=0.6, happy=0.4)
    scores, _ = scored([surprised], choose_classes(FER2013, 3))
    assert scores["accuracy"] == 1
    assert max(row["confidence"] or 0 for row in scores["reliability"]) == pytest.approx(1)


def test_a_bundle_of_valences_knows_the_emotions_of_its_classes():
    valences = LABEL_SETS[3].labels
    for label_set in (None, 3):
        classes = choose_classes(valences, label_set)
        scores, _ = scored([("fear", Answer(np.array([0.8, 0.1, 0.1], np.float32)))], classes)
        assert scores["accuracy"] == 1
    with pytest.raises(ConfigError, match=r"--labels 7 .* 'negative' is none of its classes"):
        choose_classes(valences, 7)
    # By default a picture counts that no answer can be right for, with --labels it does not.
    assert choose_classes(valences, None).of_emotion["surprise"] == "surprise"
    assert choose_classes(valences, 3).of_emotion["surprise"] is None


def sample(label, **votes):
    counts = tuple(votes.get(name, 0) for name in FERPLUS_VOTES) if votes else None
    return Sample(np.zeros((8, 8), np.uint8), label, f"{label} {votes}", "all", counts)


@pytest.mark.parametrize(
    ("label_set", "truth", "kept"),
    [
        (None, "label", ["sad", "neutral", "surprise", "happy", "fear", "angry", "contempt"]),
        (7, "label", ["sad", "neutral", "surprise", "happy", "fear", "angry"]),
        (3, "label", ["sad", "neutral", "happy", "fear", "angry", "contempt"]),
        (6, "label", ["sad", "surprise", "happy", "fear", "angry"]),
        (None, "votes", ["angry", "contempt", "happy"]),
        (7, "votes", ["angry", "happy"]),
    ],
)
def test_what_is_left_out_is_dropped_before_detection(label_set, truth, kept):
    samples = [
        sample("sad", anger=6, sadness=4),
        sample("neutral", contempt=5, neutral=2),
        sample("surprise", surprise=4, fear=4),  # a tie
        sample("happy", happiness=10),
        sample("fear", unknown=6, fear=3),
        sample("angry", NF=9),
        sample("contempt"),  # nobody voted
    ]
    excluded = []
    classes = choose_classes(FER2013, label_set)
    result = list(with_truth(samples, truth, classes, excluded))
    assert [entry.label for entry in result] == kept
    assert len(excluded) == len(samples) - len(kept)


def test_labels_and_selective_accuracy_in_the_result(benchmark_json, class_folders, capsys):
    flags = ("--data", class_folders, "--workers", 1)
    result = benchmark_json("accuracy", *BUNDLE, *flags, "--labels", 6)
    assert (result["n"], result["left_out"]) == (1, 2)  # neutral is excluded
    assert result["labels"] == list(LABEL_SETS[6].labels)
    assert result["truth"] == "label"
    assert list(result["selective"]) == ["0.8", "0.6", "0.4", "0.2"]
    assert result["aurc"] == 1 - result["accuracy"]
    printed = capsys.readouterr().out
    assert "6 classes\n1 pictures; 2 excluded, 1 skipped." in printed
    assert "most confident 60 %" in printed


def test_votes_as_the_truth(fer_csv, tmp_path, benchmark_json):
    votes = {"Training": "0,0,0,9,0,0,0,0,0,0", "PublicTest": "0,10,0,0,0,0,0,0,0,0"}
    data = shutil.copy(fer_csv, tmp_path)
    rows = [line.rsplit(",", 1)[1].strip() for line in fer_csv.read_text().splitlines()[1:]]
    lines = [f"{usage},x,{votes[usage]}" for usage in rows]
    header = "Usage,Image name," + ",".join(FERPLUS_VOTES)
    (tmp_path / "fer2013new.csv").write_text("\n".join([header, *lines]) + "\n")
    result = benchmark_json(
        "accuracy", *BUNDLE, "--data", data, "--truth", "votes", "--split", "Training", "--workers", 1
    )
    assert (result["n"], result["left_out"], result["per_class"]["sad"]["n"]) == (2, 0, 2)
