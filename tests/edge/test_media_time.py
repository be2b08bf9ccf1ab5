"""A file's answers depend on its own times, not on how fast this machine reads it."""

import fcntl
import json
import os
import subprocess
import sys
import time
from itertools import groupby
from pathlib import Path

import pytest

from edge.sources.demo import DemoSource

ROOT = Path(__file__).resolve().parents[2]
FPS = 30
HALF = 30
"""Frames of each portrait."""
SLOW_S = 0.03
"""Between two lines that the slow reader takes."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory, portrait_files, write_clip) -> Path:
    """One portrait's face, then in its very place the other one's, an expression that changes at once."""
    sources = [DemoSource([path]) for path in portrait_files]
    frames = [sources[index // HALF].view(index) for index in range(2 * HALF)]
    return write_clip(tmp_path_factory.mktemp("clips") / "change.avi", frames, FPS)


@pytest.fixture(scope="module")
def fast(clip, edge) -> list[dict]:
    result = edge("run", "--source", clip, "--sink", "jsonl")
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_change_is_seen_within_a_second_of_the_clip(fast):
    runs = [(label, len(list(group))) for label, group in groupby(line["faces"][0]["label"] for line in fast)]
    assert len(runs) >= 2
    assert runs[0][1] in range(HALF, HALF + FPS)


def test_each_frame_has_its_place_in_the_clip(fast):
    assert [line["position_s"] for line in fast] == [round(index / FPS, 6) for index in range(2 * HALF)]
    assert not any("time" in line for line in fast)


def test_a_slow_reader_gets_the_same_answers(clip, fast):
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)  # the program waits for the reader after a few lines
    command = [sys.executable, "-m", "edge", "run", "--source", str(clip), "--sink", "jsonl"]
    with (
        subprocess.Popen(command, cwd=ROOT, stdout=write, stderr=subprocess.DEVNULL) as process,
        os.fdopen(read) as lines,
    ):
        os.close(write)
        slow = []
        for line in lines:
            slow.append(json.loads(line))
            time.sleep(SLOW_S)
    assert process.returncode == 0
    assert [line["faces"] for line in slow] == [line["faces"] for line in fast]
