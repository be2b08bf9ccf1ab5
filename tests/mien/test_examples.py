"""The examples do what their README says."""

import csv
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.core.errors import ModelError
from edge.landmarks import assets
from edge.sources.demo import DemoSource

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """A face for one second."""
    try:
        demo = DemoSource([assets.find(asset) for asset in assets.PORTRAITS])
    except ModelError as error:
        pytest.skip(f"needs the portraits: {error}")
    path = tmp_path_factory.mktemp("clips") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 20, (640, 480))
    for index in range(20):
        writer.write(cv2.cvtColor(demo.view(index), cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def run(name: str, *arguments: object) -> str:
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent)}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_webcam(clip):
    assert run("webcam.py", clip).startswith("face 0: happy (")


def test_folder_to_csv(clip, tmp_path):
    (tmp_path / "pictures").mkdir()
    for asset in assets.PORTRAITS:
        (tmp_path / "pictures" / asset.name).write_bytes(assets.load(asset))
    run("folder_to_csv.py", tmp_path / "pictures", tmp_path / "out.csv")
    rows = read(tmp_path / "out.csv")
    assert [Path(row["picture"]).name for row in rows] == ["astronaut.png", "grace_hopper.jpg"]
    assert rows[0]["label"] == "happy"
    assert float(rows[0]["happy"]) > 0.5


def test_draw_faces(tmp_path, clip):
    pictures = [tmp_path / asset.name for asset in assets.PORTRAITS]
    for asset, picture in zip(assets.PORTRAITS, pictures, strict=True):
        picture.write_bytes(assets.load(asset))
    run("draw_faces.py", *pictures, tmp_path / "out.png")
    drawing = cv2.imread(str(tmp_path / "out.png"))
    plain = [cv2.imread(str(picture)) for picture in pictures]
    assert drawing.shape[:2] == (400, sum(round(400 * each.shape[1] / each.shape[0]) for each in plain))
    assert (drawing == (60, 220, 60)).all(axis=2).any()  # the labels' green


def test_video_to_csv(clip, tmp_path):
    run("video_to_csv.py", clip, tmp_path / "out.csv")
    rows = read(tmp_path / "out.csv")
    assert [float(row["position_s"]) for row in rows] == pytest.approx([index / 20 for index in range(20)])
    assert {row["face"] for row in rows} == {"0"}


def test_a_name_that_is_not_utf_8(clip, tmp_path):
    """The table has its bytes as they are, whatever the locale."""
    folder = tmp_path / "Andr\udce9"
    folder.mkdir()
    (folder / "\udce9.png").write_bytes(assets.load(assets.PORTRAITS[0]))
    run("folder_to_csv.py", folder, tmp_path / "out.csv")
    _, row = (tmp_path / "out.csv").read_bytes().splitlines()
    assert b"/Andr\xe9/\xe9.png," in row


def test_own_sink(clip, tmp_path):
    for _ in range(2):
        run("own_sink.py", clip, tmp_path / "out.db")
    with closing(sqlite3.connect(tmp_path / "out.db")) as database:
        seen = dict(database.execute("SELECT * FROM seen"))
    assert seen == pytest.approx({"happy": 2 * 0.95})


def test_own_backend(tmp_path, clip):
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
