"""The command line on a live source, whose reader hangs or goes away: no frame waits for it."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.sources.demo import DemoSource
from tests.mjpeg import PictureServer

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 60


@pytest.fixture(scope="module")
def camera(portrait_files) -> Iterator[PictureServer]:
    """The first views of the demo."""
    demo = DemoSource(portrait_files)
    server = PictureServer(*map(demo.view, range(4)))
    server.start()
    yield server
    server.stop()


def start(camera: PictureServer, stdout: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "edge", "run", "--source", camera.url, "--sink", "jsonl"]
    command += ["--frames", str(FRAMES)]
    return subprocess.Popen(command, cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE, text=True)


def end(process: "subprocess.Popen[str]") -> str:
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert f"{FRAMES} frames, {FRAMES} faces" in errors
    assert "Traceback" not in errors
    return errors


def test_a_reader_that_never_reads_holds_nothing_up(camera):
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)  # a handful of lines
    process = start(camera, write)
    os.close(write)
    errors = end(process)
    os.close(read)
    assert "WARNING" not in errors


def test_a_reader_that_goes_away_is_a_line_in_the_log(camera):
    read, write = os.pipe()
    process = start(camera, write)
    os.close(write)
    os.close(read)
    errors = end(process)
    assert errors.count("sink jsonl: ") == 1
    assert "Broken pipe; results are dropped until it works again" in errors
