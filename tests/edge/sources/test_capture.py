"""What makes a capture give up: pixels that never change; and frames that nobody wants."""

import itertools
from queue import SimpleQueue

import numpy as np
import pytest

from edge.core.errors import SourceError
from edge.core.types import SourceStats
from edge.sources import capture
from edge.sources.capture import CaptureThread, Standstill

PATIENCE_S = 20.0


def picture(value, odd=0):
    """Uniform, apart from one pixel that the sparse comparison does not see."""
    rgb = np.full((40, 40, 3), value, np.uint8)
    rgb[5, 7] = odd
    return rgb


def stands_still(standstill, at, rgb):
    try:
        standstill.check(rgb, at)
    except SourceError:
        return True
    return False


def test_the_same_pixels_for_too_long_are_a_fault_and_patience_doubles_until_they_change():
    standstill = Standstill()
    # Not one object: the driver gives a new array each time.
    faults = [at for at in range(1, 40) if stands_still(standstill, at, picture(1))]
    assert faults == [6, 14, 30]
    assert not stands_still(standstill, 40, picture(2))
    assert [at for at in range(41, 50) if stands_still(standstill, at, picture(2))] == [45]


def test_patience_ends_at_ten_minutes():
    standstill = Standstill()
    faults = [at for at in range(3000) if stands_still(standstill, at, picture(1))]
    assert np.diff(faults).max() == 600


@pytest.mark.parametrize("other", [picture(1, odd=1), picture(1)[:20]], ids=["one pixel", "another size"])
def test_what_counts_as_a_change(other):
    standstill = Standstill()
    assert not any(stands_still(standstill, at, (picture(1), other)[at % 2]) for at in range(100))


def test_who_draws_on_a_frame_hides_no_frozen_camera():
    standstill = Standstill()

    def fault_at(at):
        rgb = picture(1)
        fault = stands_still(standstill, at, rgb)
        rgb[:] = at  # what the user does with it
        return fault

    assert [at for at in range(10) if fault_at(at)] == [5]


def start(camera, interval_s=lambda: 0.0):
    """A thread that reads this camera, and the counters of its source."""
    stats, wake = SourceStats(), SimpleQueue()
    thread = CaptureThread("cam", lambda: camera, stats, itertools.count(), wake, Standstill(), interval_s)
    thread.start()
    return thread, stats


def test_a_frozen_capture_ends_and_says_so(scripted_capture, monkeypatch):
    monkeypatch.setattr(capture, "FROZEN_S", 0.0)
    camera = scripted_capture(1, 1, 1)
    thread, _ = start(camera)
    thread.join(PATIENCE_S)
    assert thread.failure == "identical pictures for 0 s"
    assert camera.closed.is_set()


def test_frames_between_are_let_go_undecoded(scripted_capture):
    interval = {"s": 3600.0}
    camera = scripted_capture()
    thread, stats = start(camera, lambda: interval["s"])
    for value in (1, 2, 3, 4):
        camera.wait_for_reads(1)
        camera.script.put(value)
    camera.wait_for_reads(1)
    assert camera.skipped == 4  # the first was read, three were skipped, the fifth is being waited for
    frame = thread.take()
    assert frame is not None
    assert (frame.rgb[0, 0, 0], frame.index) == (1, 0)
    interval["s"] = 0.0  # wide awake: the one being skipped goes, the next one counts
    camera.script.put(5)
    camera.wait_for_reads(1)
    camera.script.put(6)
    camera.wait_for_reads(1)
    frame = thread.take()
    assert frame is not None
    assert (frame.rgb[0, 0, 0], frame.index) == (6, 1)
    assert (stats.dropped, stats.skipped) == (0, 0)  # what nobody wanted is not lost
    thread.stop()
    camera.script.put(7)
    thread.join(PATIENCE_S)
