"""Labels over clips: counts that are known, through the command line and the real pipeline."""

from pathlib import Path

import pytest

from benchmarks.steadiness import steadiness

BUNDLE = ("--bundle", "landmarks")
FPS = 25
EACH = 25
"""Frames of each part of the clip."""


@pytest.fixture(scope="module")
def clip(record_demo, tmp_path_factory) -> Path:
    """A second of a happy face, one of nobody, and another one of the face."""
    path = tmp_path_factory.mktemp("clips") / "happy.avi"
    return record_demo(path, FPS, 3 * EACH, dark=range(EACH, 2 * EACH))


def test_a_clip_is_counted(clip, benchmark_json, capsys):
    result = benchmark_json("steadiness", clip, *BUNDLE, "--expected", "happy")
    (row,) = result["clips"]
    assert row["clip"] == "happy.avi"
    assert (row["frames"], row["found"], row["lost"], row["changes"]) == (3 * EACH, 2 * EACH, 1, 0)
    assert row["labels"] == {"happy": 2 * EACH}
    assert row["other"] == 0
    assert row["seconds"] == pytest.approx(3 - 1 / FPS, abs=0.01)
    assert {key: value for key, value in row.items() if key != "clip"} == result["all"]
    assert "happy 100.0" in capsys.readouterr().out
    folder = benchmark_json("steadiness", clip.parent, *BUNDLE, "--expected", "neutral")
    assert folder["all"]["other"] == 1


def test_changes_are_counted():
    labels = ["happy", "sad", None, "sad", "happy", "happy"]
    figures = steadiness.figures(steadiness.count(labels, unsure=1, seconds=4.0), "happy")
    assert figures["labels"] == {"happy": 3, "sad": 2}
    assert (figures["found"], figures["changes"], figures["lost"]) == (5, 2, 1)
    assert (figures["other"], figures["changes_per_s"]) == (0.4, 0.5)
    assert steadiness.figures(steadiness.count(labels, 1, 4.0), None)["other"] is None


def test_what_cannot_be_used_is_one_line(clip, tmp_path, refused):
    refused(
        78, "--expected bored: the bundle knows angry, ", "steadiness", clip, *BUNDLE, "--expected", "bored"
    )
    refused(1, "no clip at", "steadiness", tmp_path, *BUNDLE)
    (tmp_path / "broken.mp4").write_bytes(b"nothing")
    refused(1, "cannot play", "steadiness", tmp_path, *BUNDLE)
