import threading

import numpy as np
import pytest

from edge.core.types import Frame, Prediction, SourceStats, StageTimings
from edge.loop import TimingWindow, run


class Counting:
    """Source, pipeline and sink in one: gives frames, predicts nothing, keeps what it is given."""

    def __init__(self, frames):
        self.stats = SourceStats(dropped=2)
        self.frames = frames
        self.written = []

    def __iter__(self):
        for index in range(self.frames):
            yield Frame(np.zeros((1, 1, 3), np.uint8), 0, index, "test")

    def process(self, frame):
        timings = StageTimings(total_ns=frame.index * 1_000_000)
        return Prediction((), (), frame.index, frame.origin, 1, 1, frame.time_ns, frame.position_ns, timings)

    def write(self, prediction):
        self.written.append(prediction.frame_index)

    def close(self):
        pass


def _run(parts, stop=None, **options):
    ticks = iter(range(1000))
    stop = stop or threading.Event()
    return run(parts, parts.process, parts.write, lambda: float(next(ticks)), stop, **options)


def test_all_frames_reach_the_sink_in_order():
    parts = Counting(5)
    summary = _run(parts)
    assert parts.written == [0, 1, 2, 3, 4]
    assert (summary.frames, summary.faces, summary.seconds, summary.source.dropped) == (5, 0, 1.0, 2)
    assert summary.percentiles_ms["total"] == pytest.approx((2, 3.6, 3.96))
    assert "5 frames, 0 faces" in str(summary)
    assert "dropped 2" in str(summary)


def test_the_limit_ends_it():
    parts = Counting(5)
    assert _run(parts, limit=3).frames == 3
    assert parts.written == [0, 1, 2]


def test_stop_ends_it_before_the_next_frame():
    parts, stop = Counting(5), threading.Event()
    summary = _run(parts, stop, on_frame=lambda p: stop.set() if p.frame_index == 1 else None)
    assert summary.frames == 2


def test_a_source_without_frames_has_a_summary_too():
    summary = _run(Counting(0))
    assert summary.percentiles_ms == {}
    assert str(summary).startswith("0 frames, 0 faces")


def test_percentiles_are_over_the_last_frames_only():
    window = TimingWindow(size=10)
    for value in range(1000):
        window.add(StageTimings(total_ns=value * 1_000_000))
    p50, _, p99 = window.percentiles_ms()["total"]
    assert 990 <= p50 <= p99 <= 999
