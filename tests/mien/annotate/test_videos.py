"""``mien annotate`` on videos: with ffmpeg, without it, and when it fails."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from edge.sources.video import VideoSource
from tests.mien.annotate.conftest import (
    FRAMES,
    ROOT,
    ffmpeg,
    green,
    names,
    need,
    one_line,
    read_records,
    run_records,
)

CASES = ROOT.parent / "shared" / "cases"


def streams(path):
    keys = "stream=codec_name,codec_type,width,height,start_time,duration,sample_aspect_ratio"
    command = [need("ffprobe"), "-v", "error", "-show_entries", keys, "-of", "json", str(path)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)["streams"]
    return {stream["codec_type"]: stream for stream in found}


def times(path):
    return [frame.position_ns / 1e9 for frame in VideoSource(path)]


def test_a_video_keeps_its_times_and_its_sound(annotate, uneven_clip, tmp_path):
    code, said, errors = annotate(uneven_clip, "--out", tmp_path / "out.mp4")
    assert (code, errors) == (0, "")
    assert f"1 video: {FRAMES - 5} frames, {FRAMES - 5} faces;" in said
    found = streams(tmp_path / "out.mp4")
    assert found["video"]["codec_name"] == "h264"
    assert float(found["video"]["start_time"]) == pytest.approx(0.2, abs=0.03)  # behind the sound, as it was
    assert float(found["audio"]["duration"]) == pytest.approx(1.3, abs=0.1)
    assert times(tmp_path / "out.mp4") == pytest.approx(times(uneven_clip), abs=1e-3)
    for before, after in zip(VideoSource(uneven_clip), VideoSource(tmp_path / "out.mp4"), strict=True):
        assert np.median(np.abs(before.rgb.astype(int) - after.rgb)) < 6
        assert green(after.rgb).sum() > 200
    assert read_records(tmp_path / "out.jsonl") == run_records("--source", uneven_clip)


def test_a_video_without_sound_and_of_an_odd_size(annotate, clip, tmp_path):
    ffmpeg("-i", clip, "-vf", "scale=321:241", "-c:v", "ffv1", tmp_path / "odd.mkv")
    assert annotate(tmp_path / "odd.mkv", "--out", tmp_path / "out.mp4")[0] == 0
    found = streams(tmp_path / "out.mp4")
    assert found.keys() == {"video"}
    assert (found["video"]["width"], found["video"]["height"]) == (322, 242)
    assert times(tmp_path / "out.mp4") == pytest.approx([index / 10 for index in range(FRAMES)], abs=1e-3)


@pytest.mark.parametrize("tool", ["ffmpeg", "OpenCV"])
def test_a_video_of_one_frame(annotate, clip, tmp_path, monkeypatch, caplog, tool):
    """As many a GIF is; the last frame of any video is shown for as long as one of its frames."""
    ffmpeg("-i", clip, "-frames:v", 1, tmp_path / "one.gif")
    if tool == "OpenCV":
        monkeypatch.setenv("PATH", os.devnull)
    assert annotate(tmp_path / "one.gif", "--out", tmp_path / "out.mp4")[0] == 0
    assert times(tmp_path / "out.mp4") == [0.0]
    assert VideoSource(tmp_path / "out.mp4").frame_duration_ns == 1e8
    assert [line for line in caplog.messages if "damaged" in line] == []


def test_a_turned_video_is_turned_once(annotate, tmp_path):
    source = CASES / "rotated-video" / "phone-portrait.mp4"
    if not source.is_file():
        pytest.skip(f"needs {source}, which is not part of the project")
    need("ffmpeg")
    assert annotate(source, "--out", tmp_path / "out.mp4")[0] == 0
    found = streams(tmp_path / "out.mp4")["video"]
    first, upright = next(iter(VideoSource(tmp_path / "out.mp4"))), next(iter(VideoSource(source)))
    assert (found["width"], found["height"]) == upright.rgb.shape[1::-1]
    assert np.median(np.abs(first.rgb.astype(int) - upright.rgb)) < 6


def test_without_ffmpeg(annotate, uneven_clip, tmp_path, without_ffmpeg, caplog):
    assert annotate(uneven_clip, "--out", tmp_path / "out.mp4")[0] == 0
    assert len(times(tmp_path / "out.mp4")) == len(read_records(tmp_path / "out.jsonl")) == FRAMES - 5
    (line,) = caplog.messages
    assert "no sound" in line
    assert "install ffmpeg" in line


@pytest.mark.parametrize("tool", ["ffmpeg", "OpenCV"])
def test_a_full_disk(annotate, clip, tmp_path, full_disk, monkeypatch, tool):
    if tool == "OpenCV":
        monkeypatch.setenv("PATH", os.devnull)
    else:
        need("ffmpeg")
    with full_disk(15_000):
        one_line(annotate(clip, "--out", tmp_path / "out.mp4"), "out.mp4")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("end", "words"),
    [("kill -9 $$", "killed by SIGKILL"), ("echo no reason >&2; exit 3", "ended with 3: no reason")],
)
def test_ffmpeg_that_ends_midway(annotate, clip, tmp_path, monkeypatch, end, words):
    real = need("ffmpeg")
    programs = tmp_path / "programs"
    programs.mkdir()
    script = f'case "$*" in *pipe:0*) head -c 500000 >/dev/null; {end};; *) exec {real} "$@";; esac'
    (programs / "ffmpeg").write_text(f"#!/bin/sh\n{script}\n")
    (programs / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    (tmp_path / "out").mkdir()
    one_line(annotate(clip, "--out", tmp_path / "out" / "out.mp4"), "out.mp4", words)
    assert names(tmp_path / "out") == []


def test_a_damaged_tail(annotate, clip, tmp_path, caplog):
    data = clip.read_bytes()
    (tmp_path / "cut.avi").write_bytes(data[: len(data) // 2])
    assert annotate(tmp_path / "cut.avi", "--out", tmp_path / "out.mp4")[0] == 0
    frames = len(read_records(tmp_path / "out.jsonl"))
    assert 2 < frames < FRAMES
    assert len(times(tmp_path / "out.mp4")) == frames


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_leaves_nothing(tmp_path, number, code):
    long, folder = tmp_path / "long.avi", tmp_path / "out"
    writer = cv2.VideoWriter(str(long), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for _ in range(5000):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    folder.mkdir()
    command = [sys.executable, "-m", "mien", "annotate", str(long), "--out", str(folder / "out.mp4")]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        while not list(folder.glob(".out-*.mp4")) and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in errors
    assert ("error: interrupted" in errors) == (number == signal.SIGINT)
    assert names(folder) == []


def test_the_lines_of_a_terminal(clip, tmp_path):
    """The number of frames so far, and only there; other lines take the place of it."""
    pty = pytest.importorskip("pty")
    reader, terminal = pty.openpty()
    (tmp_path / "in").mkdir()
    shutil.copy(clip, tmp_path / "in" / "clip.avi")
    (tmp_path / "in" / "damaged.avi").write_bytes(b"nothing")
    command = [sys.executable, "-m", "mien", "annotate", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    for code in (0, 1):  # the second time, OUT is there
        result = subprocess.run(
            command, cwd=ROOT, stderr=terminal, stdout=subprocess.DEVNULL, check=False, timeout=120
        )
        assert result.returncode == code
    os.close(terminal)
    shown = os.read(reader, 100_000).decode()
    os.close(reader)
    for text in (f"{FRAMES} frames of clip.avi", "2 files in", "WARNING", "error: "):
        assert f"\r\x1b[K{text}" in shown


def test_a_link_to_ffmpeg_that_is_broken(annotate, clip, tmp_path, monkeypatch):
    for name in ("ffmpeg", "ffprobe"):
        (tmp_path / name).write_text("no program")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert annotate(clip, "--out", tmp_path / "out.mp4")[0] == 0
    assert shutil.which("ffmpeg") == str(tmp_path / "ffmpeg")
