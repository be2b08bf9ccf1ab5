"""The examples do what their README says."""

import csv
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def clip(record_demo, tmp_path_factory) -> Path:
    """A face for one second."""
    return record_demo(tmp_path_factory.mktemp("clips") / "clip.avi", fps=20, frames=20)


@pytest.fixture
def run(python):
    """``(name, *arguments)`` runs an example, and gives what it prints."""

    def run(name, *arguments):
        result = python(EXAMPLES / name, *arguments)
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_webcam(run, clip):
    assert run("webcam.py", clip).startswith("face 0: happy (")


def test_folder_to_csv(run, portrait_files, tmp_path):
    run("folder_to_csv.py", f"{portrait_files[0].parent}/*.[jp][pn]g", tmp_path / "out.csv")
    rows = read(tmp_path / "out.csv")
    assert [Path(row["picture"]).name for row in rows] == ["astronaut.png", "grace_hopper.jpg"]
    assert rows[0]["label"] == "happy"
    assert float(rows[0]["happy"]) > 0.5


def test_draw_faces(run, portrait_files, tmp_path):
    run("draw_faces.py", *portrait_files, tmp_path / "out.png")
    drawing = cv2.imread(str(tmp_path / "out.png"))
    plain = [cv2.imread(str(picture)) for picture in portrait_files]
    assert drawing.shape[:2] == (400, sum(round(400 * each.shape[1] / each.shape[0]) for each in plain))
    assert (drawing == (60, 220, 60)).all(axis=2).any()  # the labels' green


def test_video_to_csv(run, clip, tmp_path):
    run("video_to_csv.py", clip, tmp_path / "out.csv")
    rows = read(tmp_path / "out.csv")
    assert [float(row["position_s"]) for row in rows] == pytest.approx([index / 20 for index in range(20)])
    assert {row["face"] for row in rows} == {"0"}


def test_a_name_that_is_not_utf_8(run, portrait_files, tmp_path):
    """The table has its bytes as they are, whatever the locale."""
    folder = tmp_path / "Andr\udce9"
    folder.mkdir()
    shutil.copy(portrait_files[0], folder / "\udce9.png")
    run("folder_to_csv.py", folder, tmp_path / "out.csv")
    _, row = (tmp_path / "out.csv").read_bytes().splitlines()
    assert b"/Andr\xe9/\xe9.png," in row


def test_own_sink(run, clip, tmp_path):
    for _ in range(2):
        run("own_sink.py", clip, tmp_path / "out.db")
    with closing(sqlite3.connect(tmp_path / "out.db")) as database:
        seen = dict(database.execute("SELECT * FROM seen"))
    assert seen == pytest.approx({"happy": 2 * 0.95})


def test_own_backend(run, clip, tmp_path):
    capture = cv2.VideoCapture(str(clip))
    _, view = capture.read()
    capture.release()
    for name, halves in (("left", (view, np.zeros_like(view))), ("right", (np.zeros_like(view), view))):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.hstack(halves))
    assert re.fullmatch(
        r"happy \[2\d\d, 1\d\d, 1\d\d, 1\d\d\]\n", run("own_backend.py", tmp_path / "left.png")
    )
    assert run("own_backend.py", tmp_path / "right.png") == ""


def test_the_readme_names_them_all():
    named = set(re.findall(r"examples/(\w+\.py)", (EXAMPLES / "README.md").read_text()))
    assert named == {path.name for path in EXAMPLES.glob("*.py")}
