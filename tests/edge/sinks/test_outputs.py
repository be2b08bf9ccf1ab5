"""On a live source a sink can do what it likes; on a file nothing is lost."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from edge.core.errors import ConfigError
from edge.core.pose import Pose
from edge.core.types import Face, FacePrediction, FaceStatus, Prediction, SinkStats, StageTimings, Status
from edge.settings import OutputSettings
from edge.sinks.background import CAPACITY, BackgroundSink
from edge.sinks.outputs import STDOUT, Outputs, SinkKind

PATIENCE_S = 10.0
"""How long a test waits for what must happen; reached only when it fails."""

STATUS = Status("everyday", 1, 30.0, 0, 0, 0, False, False, None, {})


def prediction(index: int) -> Prediction:
    return Prediction((), (), index, "cam", 1, 1, 0, None, StageTimings())


class Recorder:
    """A sink that keeps what it gets; ``on_write`` is called first."""

    def __init__(self, on_write: Callable[[], object] = lambda: None) -> None:
        self.got, self.statuses, self.closed = [], [], threading.Event()
        self.on_write = on_write

    def write(self, prediction):
        self.on_write()
        self.got.append(prediction)

    def report(self, status):
        self.statuses.append(status)

    def close(self):
        self.closed.set()


def numbers(sink: Recorder) -> list[int]:
    return [prediction.frame_index for prediction in sink.got]


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


class TestBackground:
    def test_everything_arrives_in_order_and_is_closed(self):
        sink = Recorder()
        background = BackgroundSink("rec", lambda: sink)
        for number in range(20):
            background.write(prediction(number))
        background.report(STATUS)
        background.close()
        assert numbers(sink) == list(range(20))
        assert sink.statuses == [STATUS]
        assert sink.closed.is_set()
        assert background.stats == SinkStats()

    def test_one_that_hangs_costs_the_oldest_and_no_time(self):
        hang, hung = threading.Event(), threading.Event()
        sink = Recorder(lambda: (hung.set(), hang.wait()))
        background = BackgroundSink("rec", lambda: sink)
        background.write(prediction(-1))
        assert hung.wait(PATIENCE_S)
        started = time.monotonic()
        for number in range(10 * CAPACITY):
            background.write(prediction(number))
        assert time.monotonic() - started < 1.0
        assert background.stats == SinkStats(dropped=9 * CAPACITY)
        background.close()  # does not wait for it for long
        assert not sink.closed.is_set()
        hang.set()
        wait_until(sink.closed.is_set)
        assert numbers(sink) == [-1, *range(9 * CAPACITY, 10 * CAPACITY)]

    def test_one_that_fails_is_opened_again_and_says_so_twice(self, caplog):
        opened = []

        def open_sink():
            opened.append(Recorder(fail if len(opened) < 3 else lambda: None))
            return opened[-1]

        def fail():
            raise OSError(28, "No space left on device\nreally")

        background = BackgroundSink("rec", open_sink, pause_s=0.001)
        with caplog.at_level(logging.INFO):
            for number in range(4):
                background.write(prediction(number))
            wait_until(lambda: len(opened) == 4 and numbers(opened[3]) == [3])
            background.close()
        assert background.stats.failures == 3
        assert all(sink.closed.is_set() for sink in opened)
        assert [record.getMessage() for record in caplog.records] == [
            "sink rec: [Errno 28] No space left on device; results are dropped until it works again",
            "sink rec works again",
        ]

    def test_one_that_cannot_be_opened_is_tried_again(self, caplog):
        tries, sink = [], Recorder()

        def open_sink():
            tries.append(1)
            if len(tries) < 4:
                raise OSError(98, "Address already in use")
            return sink

        background = BackgroundSink("rec", open_sink, pause_s=0.001)
        background.write(prediction(7))
        wait_until(lambda: numbers(sink) == [7])
        background.close()
        assert len(caplog.records) == 1

    def test_closing_does_not_wait_for_a_pause(self):
        background = BackgroundSink("rec", Recorder(lambda: 1 / 0).write, pause_s=600)
        wait_until(lambda: background.stats.failures)
        started = time.monotonic()
        background.close()
        assert time.monotonic() - started < 0.9


def kind(opened: list, *, resource: str = "", fails: Callable[[], bool] = lambda: False) -> SinkKind:
    def open_sink(settings, on_command):
        if fails():
            raise OSError(13, "Permission denied")
        opened.append(Recorder())
        return opened[-1]

    return SinkKind(
        settings=lambda output: output.jsonl_file if resource == "" else None,
        needs=lambda settings: resource or settings or STDOUT,
        check=lambda settings: None,
        open=open_sink,
    )


def test_what_waits_holds_no_feature_maps():
    face = Face(np.zeros((468, 3), np.float32), 1.0, None, 0, {"fine_map": np.zeros((12, 12, 128))})
    result = FacePrediction("sad", np.ones(1), FaceStatus.OK, (), Pose(0, 0, 0), face)
    sink = Recorder()
    background = BackgroundSink("rec", lambda: sink)
    background.write(replace(prediction(0), faces=(result,)))
    background.close()
    (given,) = sink.got
    assert given.faces[0].face.maps == {}
    assert given.faces[0].label == "sad"


class TestOutputs:
    def test_of_a_file_nothing_is_lost_and_errors_are_raised(self):
        opened = []
        outputs = Outputs({"jsonl": kind(opened)})
        outputs.change(OutputSettings(("jsonl",)), live=False)
        for number in range(100):
            outputs.write(prediction(number))
        assert numbers(opened[0]) == list(range(100))
        opened[0].write = lambda prediction: 1 / 0
        with pytest.raises(ZeroDivisionError):
            outputs.write(prediction(100))
        outputs.close()
        assert opened[0].closed.is_set()

    def test_of_a_live_source_no_error_is_raised(self):
        opened = []
        outputs = Outputs({"jsonl": kind(opened)})
        outputs.change(OutputSettings(("jsonl",)), live=True)
        wait_until(lambda: opened)
        opened[0].on_write = lambda: 1 / 0
        outputs.write(prediction(1))
        wait_until(lambda: outputs.stats["jsonl"].failures)
        outputs.close()

    @pytest.mark.parametrize("live", [True, False])
    def test_what_does_not_change_stays_open(self, live):
        first, second = [], []
        outputs = Outputs({"live": kind(first, resource="screen"), "jsonl": kind(second)})
        outputs.change(OutputSettings(("live", "jsonl"), "a"), live)
        wait_until(lambda: first and second)
        outputs.change(OutputSettings(("live", "jsonl"), "b"), live)
        wait_until(lambda: len(second) == 2 and second[0].closed.is_set())
        assert len(first) == 1
        assert not first[0].closed.is_set()
        outputs.change(OutputSettings(("jsonl",), "b"), live)
        wait_until(first[0].closed.is_set)
        assert len(second) == 2
        outputs.change(OutputSettings(("jsonl",), "b"), not live)
        wait_until(lambda: len(second) == 3 and second[1].closed.is_set())
        outputs.close()
        wait_until(second[2].closed.is_set)

    def test_what_cannot_be_opened_leaves_all_as_it_was(self):
        first, second, failing = [], [], []
        kinds = {"live": kind(first, resource="screen"), "jsonl": kind(second, fails=lambda: bool(failing))}
        outputs = Outputs(kinds)
        outputs.change(OutputSettings(("jsonl",), "a"), live=False)
        failing.append(1)
        with pytest.raises(OSError, match="Permission denied"):
            outputs.change(OutputSettings(("live", "jsonl"), "b"), live=False)
        assert first[0].closed.is_set()
        outputs.write(prediction(1))
        assert numbers(second[0]) == [1]
        outputs.close()

    def test_a_resource_that_is_still_held_does_not_refuse_a_live_source(self):
        """A sink that hangs keeps its file; the one that takes its place waits in the background."""
        opened, held = [], [1]
        outputs = Outputs({"jsonl": kind(opened, fails=lambda: bool(held))})
        outputs.change(OutputSettings(("jsonl",), "a"), live=True)
        wait_until(lambda: outputs.stats["jsonl"].failures)
        held.clear()
        outputs.write(prediction(1))
        wait_until(lambda: opened and numbers(opened[0]) == [1])
        outputs.close()

    def test_two_that_need_the_same_are_refused(self):
        outputs = Outputs({"live": kind([], resource=STDOUT), "jsonl": kind([])})
        message = "has live and jsonl, which both write to the standard output"
        with pytest.raises(ConfigError, match=message):
            outputs.check(OutputSettings(("live", "jsonl")))
        outputs.check(OutputSettings(("live", "jsonl"), "file"))
