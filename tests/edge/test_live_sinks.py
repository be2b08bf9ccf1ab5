"""The command line on a live source, whose reader hangs or goes away: no frame waits for it."""

import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from edge.sources.demo import DemoSource
from tests.mjpeg import MjpegServer, part

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 60
FPS = 50


class Camera(MjpegServer):
    """The views of the demo, ``FPS`` a second."""

    def __init__(self, demo: DemoSource) -> None:
        super().__init__()
        views = [cv2.cvtColor(demo.view(index), cv2.COLOR_RGB2BGR) for index in range(4)]
        self._jpegs = [cv2.imencode(".jpg", view)[1].tobytes() for view in views]

    def play(self, write, stopping: threading.Event) -> None:
        index = 0
        while not stopping.wait(1 / FPS):
            write(part(self._jpegs[index % len(self._jpegs)]))
            index += 1


@pytest.fixture(scope="module")
def camera(portrait_files) -> Iterator[Camera]:
    server = Camera(DemoSource(portrait_files))
    server.start()
    yield server
    server.stop()


def start(camera: Camera, stdout: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "edge", "run", "--source", camera.url, "--sink", "jsonl"]
    command += ["--frames", str(FRAMES)]
    return subprocess.Popen(command, cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE, text=True)


def end(process: "subprocess.Popen[str]") -> str:
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert f"{FRAMES} frames, {FRAMES} faces" in errors
    assert "Traceback" not in errors
    return errors


def test_a_reader_that_reads_gets_every_frame(camera):
    process = start(camera, subprocess.PIPE)
    lines, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    records = [json.loads(line) for line in lines.splitlines()]
    assert len(records) == FRAMES
    assert all("time" in record and "position_s" not in record for record in records)
    assert {face["label"] for record in records for face in record["faces"]} == {"happy"}


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
