"""What every sink keeps to that writes to a file: of a file nothing is lost, a live source is never held up.

The socket waits for nobody, whatever the source: test_socket.py.
"""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge.build import SINK_KINDS
from edge.core.pose import Pose
from edge.core.types import Face, FacePrediction, FaceStatus, Prediction, Roi, SinkStats, StageTimings, Status
from edge.settings import OutputSettings
from edge.sinks.outputs import STDOUT, Outputs

PATIENCE_S = 10.0
"""How long a test waits for what must happen; reached only when it fails."""

pytestmark = pytest.mark.parametrize("name", [name for name in SINK_KINDS if SINK_KINDS[name].blocks])


def prediction(index: int) -> Prediction:
    """A result of picture ``index``; every sink writes a line for each picture."""
    landmarks = np.array([[10, 20, 0], [30, 60, 0]], np.float32)
    face = FacePrediction(
        "happy",
        np.array([0.25, 0.75], np.float32),
        FaceStatus.OK,
        (),
        Pose(0, 0, 0),
        Face(landmarks, 1.0, Roi(20, 40, 60, 0), 0),
    )
    timings = StageTimings(1_000_000, 20_000, 30_000, 5_000, 1_055_000, 2_000_000)
    return Prediction((face,), ("sad", "happy"), index, f"{index}.png", 640, 480, 0, 0, timings)


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


@pytest.fixture
def connect():
    """``(descriptor)`` lets the standard output of this process be another file, until the test ends."""
    before = os.dup(1)
    yield lambda descriptor: os.dup2(descriptor, 1)
    os.dup2(before, 1)
    os.close(before)


@pytest.fixture
def start(name, connect):
    """``(live, descriptor)`` opens the sink alone, as a run does whose standard output is that file."""
    opened = []

    def start(live: bool, descriptor: int) -> Outputs:
        kind = SINK_KINDS[name]
        assert kind.needs(kind.settings(OutputSettings())) == STDOUT  # else: say here where it writes to
        connect(descriptor)
        opened.append(Outputs(SINK_KINDS))
        opened[-1].change(OutputSettings((name,)), live)
        return opened[-1]

    yield start
    for outputs in opened:
        outputs.close()


@pytest.fixture
def file(tmp_path):
    """A descriptor of a file, and a function that gives the lines that have come to it."""
    path = tmp_path / "stdout"
    with path.open("wb") as file:
        yield file.fileno(), lambda: path.read_text("utf-8").splitlines()


@pytest.fixture
def full():
    """A descriptor of a full disk."""
    with Path("/dev/full").open("wb") as file:
        yield file.fileno()


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_of_a_file_no_result_is_lost_or_kept_back(start, file):
    descriptor, lines = file
    outputs = start(False, descriptor)
    for index in range(100):
        outputs.write(prediction(index))
        outputs.report(Status("everyday", index, 30.0, 0, 0, 0, False, False, None, {}))
        assert len(lines()) == index + 1
    assert all(f"{index}.png" in line for index, line in enumerate(lines()))


def test_of_a_file_an_error_ends_the_run(start, full):
    outputs = start(False, full)
    with pytest.raises(OSError, match="No space left"):
        outputs.write(prediction(0))
    with pytest.raises(OSError, match="No space left"):
        outputs.close()  # what was not written is still lost


def test_closing_leaves_the_standard_output_open_and_nothing_else(start, file):
    descriptor, lines = file
    before = open_descriptors()
    for index in range(3):
        outputs = start(False, descriptor)
        outputs.write(prediction(index))
        outputs.close()
    assert len(lines()) == 3
    assert open_descriptors() == before


def test_checking_changes_nothing(name, start, file):
    descriptor, lines = file
    outputs = start(False, descriptor)
    outputs.check(OutputSettings((name,)))
    assert lines() == []
    outputs.write(prediction(0))
    assert len(lines()) == 1


def test_of_a_live_source_it_gets_what_it_can_take_in_order(name, start, file):
    descriptor, lines = file
    outputs = start(True, descriptor)
    for index in range(20):
        outputs.write(prediction(index))
    stats = outputs.stats[name]
    outputs.close()
    assert all(f"{index}.png" in line for index, line in enumerate(lines()))
    assert (len(lines()), stats) == (20, SinkStats())


def test_of_a_live_source_a_reader_that_does_not_read_delays_nothing(name, start):
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    outputs = start(True, write)
    os.close(write)
    begun = time.monotonic()
    for index in range(1000):
        outputs.write(prediction(index))
    assert outputs.stats[name].dropped > 0
    outputs.close()
    assert time.monotonic() - begun < PATIENCE_S
    os.close(read)


def test_of_a_live_source_a_failure_is_counted_and_the_sink_opened_again(name, start, connect, full, file):
    descriptor, lines = file
    outputs = start(True, full)
    outputs.write(prediction(0))
    wait_until(lambda: outputs.stats[name].failures)
    connect(descriptor)
    outputs.write(prediction(1))
    wait_until(lambda: any("1.png" in line for line in lines()))
