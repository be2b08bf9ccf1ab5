"""``accuracy --answers``: the answer to every picture as a CSV file."""

import csv

import numpy as np
import pytest

from benchmarks.accuracy import answers
from benchmarks.accuracy.classes import choose_classes
from benchmarks.cli.main import main
from benchmarks.systems.evaluator import PictureAnswers
from benchmarks.systems.system import Answer
from edge.core.errors import DataError
from edge.core.types import FaceStatus, Reason
from evaluation.label_sets import FER2013

BUNDLE = ("--bundle", "landmarks")
HEADER = "name,true,predicted,found,status,reasons,p_angry,p_happy\n"
ROW = "a.png,angry,happy,true,ok,,0.25,0.75\n"


def outcome(name, true, answer=None):
    return PictureAnswers(name, true, answer, np.empty((0, 7), np.float32), False)


def surely(label, **more):
    return Answer(np.where(np.array(FER2013) == label, 0.7, 0.05).astype(np.float32), **more)


def rows_of(path):
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file))


def test_every_picture_has_its_row_and_the_rows_give_the_figures(benchmark_json, class_folders, tmp_path):
    path = tmp_path / "new" / "answers.csv"
    flags = ("--data", class_folders, "--workers", 2, "--answers", path)
    result = benchmark_json("accuracy", *BUNDLE, *flags)
    rows = rows_of(path)
    assert [row["name"] for row in rows] == [
        *("test/happy/astronaut.png", "test/neutral/grace_hopper.jpg", "test/neutral/no_face.png"),
    ]
    assert [row["true"] for row in rows] == ["happy", "neutral", "neutral"]
    assert [row["found"] for row in rows] == ["true", "true", "false"]
    columns = [f"p_{name}" for name in result["labels"]]
    for row in rows[:2]:
        shares = {name: float(row[name]) for name in columns}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
        assert f"p_{row['predicted']}" == max(shares, key=shares.get)
        assert row["status"] in ("ok", "low_confidence")
        assert ("unsure" in row["reasons"].split()) == (row["status"] == "low_confidence")
    assert [rows[2][name] for name in ("predicted", "status", "reasons", *columns)] == [""] * 10
    assert sum(row["predicted"] == row["true"] for row in rows) / 3 == result["accuracy"]
    assert [path.name for path in path.parent.iterdir()] == ["answers.csv"]

    first = path.read_bytes()
    benchmark_json("accuracy", *BUNDLE, *flags)  # its own kind of file is replaced
    assert path.read_bytes() == first


def test_answers_are_those_of_the_classes_that_are_scored(tmp_path):
    unsure = surely("fear", status=FaceStatus.LOW_CONFIDENCE, reasons=(Reason.UNSURE, Reason.DARK))
    outcomes = [
        outcome("a", "sad", unsure),
        outcome("b", "happy", surely("surprise", found=False)),
        outcome("c", "neutral"),
    ]
    path = tmp_path / "answers.csv"
    answers.write(path, outcomes, choose_classes(FER2013, 3))
    first, second, third = rows_of(path)
    assert list(first.items()) == [
        *(("name", "a"), ("true", "negative"), ("predicted", "negative"), ("found", "true")),
        *(("status", "low_confidence"), ("reasons", "unsure dark")),
        *(("p_negative", "0.894737"), ("p_neutral", "0.052632"), ("p_positive", "0.052632")),
    ]
    assert (second["true"], second["found"]) == ("positive", "false")
    assert (third["predicted"], third["found"], third["p_neutral"]) == ("", "false", "")
    assert [given.right for given in answers.read(path).values()] == [True, False, False]


def test_an_emotion_that_the_bundle_does_not_know_is_its_own_class(tmp_path):
    path = tmp_path / "answers.csv"
    answers.write(path, [outcome("a", "contempt", surely("sad"))], choose_classes(FER2013, None))
    assert answers.read(path) == {"a": answers.GivenAnswer("contempt", "sad")}


def test_any_name_of_a_file_comes_back_as_it_was(tmp_path):
    names = ["a,b.png", '"quoted".png', "two\nlines.png", "\udce9.png", "é.png", "\r.png"]
    path = tmp_path / "answers.csv"
    answers.write(path, [outcome(name, "sad") for name in names], choose_classes(FER2013, None))
    assert list(answers.read(path)) == names


def test_a_mark_that_a_spreadsheet_puts_first_does_no_harm(tmp_path):
    (tmp_path / "a.csv").write_text("\ufeff" + HEADER + ROW, encoding="utf-8")
    assert answers.read(tmp_path / "a.csv") == {"a.png": answers.GivenAnswer("angry", "happy")}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no answers"),
        (b"emotion,pixels,Usage\n0,1 2 3,Training\n", "has no answers"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "has no answers"),
        (b"name,true,predicted\n", "has no answers"),
        ((HEADER + ROW + "b.png,angry\n").encode(), r"a.csv:3: expected 8 columns, found 2"),
        ((HEADER + ROW + ROW).encode(), r"a.csv:3: 'a.png' stands there twice"),
        ((HEADER + '"a.png').encode(), "has no answers"),
    ],
)
def test_what_is_no_file_of_answers_is_one_line(content, message, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        answers.read(path)


def test_a_run_without_a_result_leaves_the_older_answers(class_folders, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(HEADER + ROW)
    flags = ("--data", str(class_folders), "--split", "exam", "--workers", "1", "--answers", str(path))
    assert main(["accuracy", *BUNDLE, *flags]) == 1
    assert path.read_text() == HEADER + ROW
