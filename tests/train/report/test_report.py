"""The report of a run: whole, self-contained, and safe with any name."""

import base64
import csv
import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.core.errors import DataError
from evaluation.label_sets import FER2013
from tests.pages import Page
from train.report import contents, report, samples
from train.report.results import SplitResult

ODD = '<b>&"odd.png'
"""A file name that is allowed."""
INFO = {
    "labels": list(FER2013),
    "landmarks": {"data": {"file": "faces", "sha256": "0" * 64}, "preparation": {"scale": 2.0}},
    "settings": {"seed": 0, "hidden": [32, 16]},
    "rows": {"training": 100, "evaluation": {"../x": 40}},
    "best_epoch": 2,
    "temperature": 1.1,
    "min_confidence": 0.5,
    "versions": {"mien": "0"},
}
HISTORY = [
    {"epoch": 1, "loss": 2.0, "validation_loss": 1.9, "validation_accuracy": 0.3},
    {"epoch": 2, "loss": 1.5, "validation_loss": 1.6, "validation_accuracy": 0.4},
]


def split(name, count=40, seed=0):
    """Answers that are right for about half of the pictures; every tenth has no face."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 7, count)
    logits = rng.normal(0, 1, (count, 7))
    logits[np.arange(count), true] += 1.5
    logits[3, true[3]] = 9  # the surest of all
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = np.array([f"test/happy/{ODD if number == 3 else f'{number}.png'}" for number in range(count)])
    found = np.arange(count) % 10 != 9
    return SplitResult(name, true, probabilities.astype(np.float32), found, names)


def write(folder, info, history, splits, data):
    """As ``fit`` does it."""
    report.save(folder, info, history, splits)
    report.render_if_possible(folder, data)


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """The pictures of ``split``: each has its own grey."""
    root = tmp_path_factory.mktemp("data") / "faces"
    folder = root / "test" / "happy"
    folder.mkdir(parents=True)
    for number in range(40):
        name = ODD if number == 3 else f"{number}.png"
        cv2.imwrite(str(folder / name), np.full((30, 20), 6 * number, np.uint8))
    return root


@pytest.fixture(scope="module")
def run(faces, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "mine"
    folder.mkdir()
    write(folder, INFO, HISTORY, [split("validation"), split("../x", seed=1)], faces)
    return folder


@pytest.fixture
def copy(run, tmp_path):
    """The run folder, free to be damaged."""
    return Path(shutil.copytree(run, tmp_path / "run"))


def page(folder):
    return Page((folder / "report.html").read_text("utf-8"))


def test_the_files(run):
    assert {file.name for file in run.iterdir()} == {
        "coverage-1-validation.png",
        "coverage-2-.._x.png",
        "curves-accuracy.png",
        "curves-loss.png",
        "history.csv",
        "predictions.npz",
        "reliability-1-validation.png",
        "reliability-2-.._x.png",
        "report.html",
        "report.json",
        "report.md",
        "run.json",
    }
    # A split called "../x" has written nothing beside the run folder.
    assert [file.name for file in run.parent.iterdir()] == ["mine"]
    assert json.loads((run / "run.json").read_text()) == INFO


def test_the_figures(run):
    validation, other = json.loads((run / "report.json").read_text())["splits"]
    assert (validation["name"], other["name"]) == ("validation", "../x")
    answers = split("validation")
    right = (answers.probabilities.argmax(axis=1) == answers.true) & answers.found
    assert validation["accuracy"] == pytest.approx(right.mean())
    assert validation["coverage"] == 0.9
    line = f"| validation | 40 | 90.00% | {right.mean():.2%} | {right.sum() / 36:.2%} |"
    assert line in (run / "report.md").read_text()
    for text in (f"{right.mean():.2%}", f"{validation['aurc']:.3f}", "best epoch", "hidden", "32, 16"):
        assert text in page(run).text
    sure = answers.found & (answers.probabilities.max(axis=1) >= 0.5)
    assert f"{sure.mean():.1%} of all pictures are above it, {right[sure].mean():.1%} of them right" in (
        page(run).text
    )


def test_summary():
    empty = SplitResult("none", np.zeros(0, int), np.zeros((0, 7)), np.zeros(0, bool), np.zeros(0, str))
    lines = report.summary([split("validation"), empty, split("../x", seed=1)], FER2013).splitlines()
    assert [line.split(":")[0] for line in lines] == ["validation", "../x"]
    assert "coverage 90.00%" in lines[0]
    assert lines[0].endswith("40 pictures")


def test_the_page_needs_nothing_else(run):
    found = page(run)  # which is read strictly
    assert len(found.plots) == 6
    assert [name for level, name in found.headings if level < 3] == [
        *("Training report", "Data and protocol", "Learning curves", "validation", "../x"),
        "Settings and versions",
    ]


def test_names_are_escaped(run, tmp_path, faces):
    assert "<b>" not in (run / "report.html").read_text()
    name = "<img src=x onerror=alert(1)>|*x*"
    labels = [f"{label}<i>" for label in FER2013]
    write(tmp_path, INFO | {"labels": labels}, HISTORY, [split(name)], faces)
    found = page(tmp_path)
    assert "i" not in found.tags
    assert name in found.text
    assert f"test/happy/{ODD}" in found.all("alt")
    text = (tmp_path / "report.md").read_text()
    assert "<i" not in text.replace("\\<i", "")
    assert f"| {'angry'}\\<i\\> |" in text


def test_markdown_names_files_that_are_there(run):
    named = re.findall(r"\]\((.*?)\)", (run / "report.md").read_text())
    assert len(named) == 6
    for name in named:
        picture = cv2.imread(str(run / name))
        assert picture.shape[0] > 200
        assert picture.std() > 5


def test_splits_of_the_same_name_keep_their_plots_apart(tmp_path):
    write(tmp_path, INFO, HISTORY, [split("a/b"), split("a_b", seed=1), split("a/b", seed=2)], None)
    assert len({file.read_bytes() for file in tmp_path.glob("coverage-*.png")}) == 3


def test_pictures_are_the_most_confident_ones_and_some_others():
    answers = split("validation", 200)
    right, wrong, others = samples.choose(answers).values()
    assert answers.correct[right].all()
    assert not answers.correct[wrong].any()
    assert answers.found[wrong].all()
    for rows, good in ((right, True), (wrong, False)):
        rest = np.setdiff1d(np.flatnonzero(answers.found & (answers.correct == good)), rows)
        assert answers.confidence[rows].min() >= answers.confidence[rest].max()
    assert len({*right, *wrong, *others}) == 24
    assert all(map(np.array_equal, samples.choose(answers).values(), (right, wrong, others)))


def test_pictures_stand_beside_their_captions(run):
    answers = split("validation")
    html = (run / "report.html").read_text()
    figures = re.findall(r'base64,(\S+)" alt="test/happy/(\d+)\.png".*?<figcaption>(.*?)</', html, re.DOTALL)
    assert len(figures) >= 2 * 24 - 2
    for content, number, caption in figures[:23]:
        picture = cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), cv2.IMREAD_GRAYSCALE)
        assert picture.shape == (96, 64)
        assert (picture == 6 * int(number)).all()
        row = int(number)
        given = FER2013[answers.probabilities[row].argmax()]
        answer = f"predicted {given}, {answers.confidence[row]:.0%}" if row % 10 != 9 else "no face found"
        assert caption == f"true {FER2013[answers.true[row]]}, {answer}"


def test_pictures_of_a_csv(tmp_path):
    data = tmp_path / "fer2013.csv"
    with data.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        writer.writerows([3, " ".join(["7"] * 2304), "PublicTest"] for _ in range(40))
    base = split("PublicTest")
    names = np.array([f"fer2013.csv:{row + 2}" for row in range(40)])
    answers = SplitResult(base.name, base.true, base.probabilities, base.found, names)
    found = samples.read(data, [answers])
    assert set(found) == {str(names[row]) for rows in samples.choose(answers).values() for row in rows}


def test_pictures_that_cannot_be_read_do_not_lose_the_training(tmp_path, capsys):
    run = tmp_path / "run"
    run.mkdir()
    write(run, INFO, HISTORY, [split("validation")], tmp_path / "gone")
    error = capsys.readouterr().err
    assert error.startswith(f"warning: no pictures in the report (no data at {tmp_path / 'gone'}: expected ")
    assert error.endswith(f"): `mien train report {run} --data {tmp_path / 'gone'}` tries again\n")
    assert error.count("\n") == 1
    assert "img" not in page(run).tags
    with pytest.raises(DataError, match="no data at"):
        report.render(run, None, tmp_path / "gone")
    (tmp_path / "other").mkdir()
    with pytest.raises(DataError, match="none of the pictures of this run"):
        report.render(run, None, tmp_path / "other")


def test_whatever_a_report_meets_is_one_line_and_the_training_is_kept(tmp_path, capsys, monkeypatch):
    def fail(*_):
        raise TypeError("no glyph\nfor \x1b")

    with monkeypatch.context() as patched:
        patched.setattr(contents, "reliability", fail)
        write(tmp_path, INFO, HISTORY, [split("validation")], None)
    assert capsys.readouterr().err == (
        f"warning: no report of the run (no glyph): `mien train report {tmp_path}` tries again\n"
    )
    assert not (tmp_path / "report.html").exists()
    report.render(tmp_path, None, None)
    assert (tmp_path / "report.html").is_file()


def test_rendering_again_gives_the_same(run, faces):
    before = {file.name: file.read_bytes() for file in run.iterdir()}
    report.render(run, None, faces)
    assert {file.name: file.read_bytes() for file in run.iterdir()} == before


def bundle(folder, **training):
    content = {
        "training": {"settings": INFO["settings"], "rows": INFO["rows"], **training},
        "conversion": {"parity": {"n": 36, "agreement": 0.9917}},
        "metrics": {"int8": {"../x": {"accuracy": 0.4321, "macro_f1": 0.2, "ece": None}}},
    }
    folder.mkdir()
    (folder / "model.json").write_text(json.dumps(content))
    return folder


def test_int8_beside_float(run, copy, tmp_path):
    assert "int8 compared with float" not in page(run).text
    report.render(copy, bundle(tmp_path / "bundle"), None)
    text = (copy / "report.md").read_text()
    assert "| agreement | 0.9917 |" in text
    assert "| ../x, int8 | 43.21% | 0.200 | – |" in text
    accuracy = json.loads((copy / "report.json").read_text())["splits"][1]["accuracy"]
    assert f"| ../x, float | {accuracy:.2%} |" in text
    assert "int8 compared with float" in page(copy).text


def test_a_bundle_of_another_run_is_refused(run, tmp_path):
    with pytest.raises(DataError, match=r"not made from this run \(teachers differ"):
        report.render(run, bundle(tmp_path / "other", teachers=["big"]), None)
    with pytest.raises(DataError, match="is not a bundle"):
        report.render(run, tmp_path, None)


def is_refused(run, message):
    """In one line, and the old report stays."""
    before = {file.name: file.read_bytes() for file in run.glob("*.[hm]*")}
    with pytest.raises(DataError, match=message) as error:
        report.render(run, None, None)
    assert "\n" not in str(error.value)
    assert {file.name: file.read_bytes() for file in run.glob("*.[hm]*")} == before


@pytest.mark.parametrize("name", ["run.json", "report.json", "history.csv", "predictions.npz"])
def test_a_damaged_run_folder(copy, name):
    (copy / name).write_bytes((copy / name).read_bytes()[:20] + b"\xff")
    is_refused(copy, "is not a complete run folder")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("run.json", lambda content: ["labels"]),
        ("run.json", lambda content: content | {"min_confidence": "0.5"}),
        ("report.json", lambda content: {"splits": [each | {"accuracy": "1"} for each in content["splits"]]}),
        ("report.json", lambda content: {"splits": [each | {"confusion": 3} for each in content["splits"]]}),
    ],
)
def test_a_run_folder_with_other_values(copy, name, change):
    (copy / name).write_text(json.dumps(change(json.loads((copy / name).read_text()))))
    is_refused(copy, r"is not a complete run folder|no report of .* can be made")


@pytest.mark.parametrize(
    "change", [{"found_0": np.ones(3, bool)}, {"true_0": np.ones(40)}, {"probabilities_0": np.array(b"x")}]
)
def test_answers_that_do_not_fit_together(copy, change):
    with np.load(copy / "predictions.npz") as archive:
        arrays = dict(archive) | change
    np.savez(copy / "predictions.npz", **arrays)
    is_refused(copy, "has arrays that do not fit together")


def test_a_bundle_that_is_nested_too_deeply(run, tmp_path):
    (tmp_path / "model.json").write_text("[" * 100_000)
    with pytest.raises(DataError, match="is not a bundle"):
        report.render(run, tmp_path, None)


def test_a_run_that_knows_little(tmp_path):
    """No epochs, no threshold, no faces."""
    answers = split("validation", 5)
    none = SplitResult("validation", answers.true, answers.probabilities, np.zeros(5, bool), answers.names)
    write(tmp_path, {"labels": list(FER2013)}, [], [none], None)
    report.render(tmp_path, None, None)
    assert "| validation | 5 | 0.00% | 0.00% | – |" in (tmp_path / "report.md").read_text()
