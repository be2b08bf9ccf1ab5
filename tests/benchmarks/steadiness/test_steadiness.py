"""Labels over clips: counts that are known, through the command line and the real pipeline."""

import json
from pathlib import Path

import cv2
import pytest

from benchmarks.cli.main import main
from benchmarks.steadiness import steadiness
from edge.core.errors import ConfigError, DataError, ModelError
from edge.landmarks import assets
from edge.settings import load_settings
from edge.sources.demo import DemoSource

FPS = 25
EACH = 25
"""Frames of each part of the clip."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """A second of a happy face, one of nobody, and another one of the face."""
    try:
        demo = DemoSource([assets.find(asset) for asset in assets.PORTRAITS])
    except ModelError as error:
        pytest.skip(f"needs the portraits: {error}")
    path = tmp_path_factory.mktemp("clips") / "happy.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (640, 480))
    for index in range(3 * EACH):
        view = cv2.cvtColor(demo.view(index), cv2.COLOR_RGB2BGR)
        writer.write(view * 0 if EACH <= index < 2 * EACH else view)
    writer.release()
    return path


def run(clip: Path, tmp_path: Path, *flags: str) -> dict:
    out = tmp_path / "out.json"
    assert main(["steadiness", str(clip), "--json", str(out), "--bundle", "landmarks", *flags]) == 0
    return json.loads(out.read_text())


def test_a_clip_is_counted(clip, tmp_path, capsys):
    result = run(clip, tmp_path, "--expected", "happy")
    (row,) = result["clips"]
    assert row["clip"] == "happy.avi"
    assert (row["frames"], row["found"], row["lost"], row["changes"]) == (3 * EACH, 2 * EACH, 1, 0)
    assert row["labels"] == {"happy": 2 * EACH}
    assert row["other"] == 0
    assert row["seconds"] == pytest.approx(3 - 1 / FPS, abs=0.01)
    assert {key: value for key, value in row.items() if key != "clip"} == result["all"]
    assert "happy 100.0 %" in capsys.readouterr().out


def test_another_expression_is_counted_against_it(clip, tmp_path):
    folder = run(clip.parent, tmp_path, "--expected", "neutral")
    assert folder["all"]["other"] == 1
    assert run(clip, tmp_path)["all"]["other"] is None


def test_changes_are_counted():
    figures = steadiness.figures(
        frames=5,
        labels=steadiness.Counter({"happy": 3, "sad": 1}),
        changes=2,
        lost=1,
        unsure=1,
        seconds=4.0,
        expected="happy",
    )
    assert (figures["other"], figures["changes_per_s"], figures["found"]) == (0.25, 0.5, 4)


def test_what_cannot_be_used_is_one_line(clip, tmp_path):
    settings = load_settings(None, {"expression.bundle": "landmarks"})
    with pytest.raises(ConfigError, match="--expected bored: the bundle knows angry, "):
        steadiness.benchmark([clip], settings, "bored")
    with pytest.raises(DataError, match="no clip at"):
        steadiness.benchmark([tmp_path], settings, None)
    (tmp_path / "broken.mp4").write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot play"):
        steadiness.benchmark([tmp_path], settings, None)
