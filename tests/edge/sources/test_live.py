"""Live sources: newest frame only, lost and hung cameras replaced, and closing at any moment."""

import itertools
import logging
import signal
import threading
import time

import numpy as np
import pytest

from edge.sources import live
from edge.sources.live import LiveSource, back_off

PATIENCE_S = 20.0


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """No pauses between attempts; most tests leave a capture waiting for a frame that never comes."""
    monkeypatch.setattr(live, "CLOSE_WAIT_S", 0.01)
    monkeypatch.setattr(live, "DEADLINE_S", PATIENCE_S)
    monkeypatch.setattr(live, "back_off", lambda: itertools.repeat(0.0))


def opener(*captures):
    """Gives one after the other; raises those that are exceptions; then there is no camera any more."""
    remaining = iter(captures)

    def open_capture():
        capture = next(remaining, OSError("unplugged"))
        if isinstance(capture, Exception):
            raise capture
        return capture

    return open_capture


def value(frame):
    return int(frame.rgb[0, 0, 0])


def test_back_off_doubles_up_to_its_cap():
    assert list(itertools.islice(back_off(), 7)) == [0.5, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0]


def test_frames_carry_what_the_capture_says(scripted_capture):
    source = LiveSource("cam", opener(scripted_capture(7)))
    frame = next(iter(source))
    assert (frame.index, frame.captured_ns, frame.origin, frame.still) == (0, 1007, "cam", False)
    assert np.array_equal(frame.rgb, np.full((2, 2, 3), 7, np.uint8))


def test_only_the_newest_frame_waits(scripted_capture):
    camera = scripted_capture(0)
    source = LiveSource("cam", opener(camera))
    frames = iter(source)
    assert value(next(frames)) == 0
    camera.wait_for_reads(2)
    for step in (1, 2, 3, 4, 5):
        camera.script.put(step)
    camera.wait_for_reads(5)
    newest = next(frames)
    assert (value(newest), newest.index) == (5, 5)
    assert source.stats.dropped == 4


def test_a_paused_camera_is_closed_and_opened_as_at_the_start(scripted_capture, caplog, monkeypatch):
    monkeypatch.setattr(live, "WAIT_STEP_S", 0.01)
    first, second = scripted_capture(1, 2, OSError("closed as it is read")), scripted_capture(3)
    source = LiveSource("cam", opener(first, OSError("busy"), second))
    seen_while_paused = []

    def resume_at_the_third_time():
        if source.paused:
            seen_while_paused.append((first.closed.wait(PATIENCE_S), source.lost))
            source.paused = len(seen_while_paused) < 3

    source.on_wait = resume_at_the_third_time
    frames = iter(source)
    assert value(next(frames)) in (1, 2)
    source.paused = True
    with caplog.at_level(logging.INFO):
        assert value(next(frames)) == 3
    assert seen_while_paused == [(True, False)] * 3
    assert len(caplog.records) == 2  # it was busy, and then came back
    source.paused = True
    source.on_wait = source.close
    assert list(frames) == []


def test_a_broken_frame_is_counted_and_skipped(scripted_capture):
    source = LiveSource("cam", opener(scripted_capture(None, None, 3)))
    assert value(next(iter(source))) == 3
    assert source.stats.skipped == 2


def test_a_lost_camera_comes_back(scripted_capture, caplog):
    first, second = scripted_capture(1), scripted_capture(2)
    source = LiveSource("cam", opener(first, OSError("gone"), OSError("gone"), second))
    frames = iter(source)
    with caplog.at_level(logging.INFO):
        assert value(next(frames)) == 1
        first.script.put(OSError("bus\nreset"))
        again = next(frames)
    assert (value(again), again.index) == (2, 1)
    assert first.closed.is_set()
    assert source.stats.reopened == 1
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "cam: no camera (bus reset); trying again until it is back"),
        ("INFO", "cam: camera is back"),
    ]


def test_the_back_off_starts_anew_only_after_a_camera_that_worked(scripted_capture, monkeypatch):
    monkeypatch.setattr(live, "SETTLED_FRAMES", 3)
    started: list[list[float]] = []

    def recording():
        taken: list[float] = []
        started.append(taken)
        for step in itertools.count():
            taken.append(step)
            yield 0.0

    flapping = [scripted_capture(1), scripted_capture(2)]
    steady, last = scripted_capture(3), scripted_capture(4)
    monkeypatch.setattr(live, "back_off", recording)
    source = LiveSource("cam", opener(*flapping, steady, last))
    frames = iter(source)
    for camera in flapping:
        next(frames)
        camera.script.put(OSError())
    assert value(next(frames)) == 3
    for step in (30, 31):
        steady.script.put(step)
        assert value(next(frames)) == step
    assert started == [[0, 1]]
    steady.script.put(OSError())
    assert value(next(frames)) == 4
    assert started == [[0, 1], [0]]


def test_a_capture_that_fails_at_once_does_not_shorten_the_back_off(scripted_capture, monkeypatch):
    opened_at: list[float] = []

    def open_failing():
        opened_at.append(time.monotonic())
        if len(opened_at) == 5:
            source.close()
        camera = scripted_capture()
        camera.script.put(OSError())
        return camera

    monkeypatch.setattr(live, "back_off", lambda: itertools.repeat(0.05))
    source = LiveSource("cam", open_failing)
    assert list(source) == []
    assert np.diff(opened_at).min() >= 0.05


def test_a_hung_capture_is_left_behind(scripted_capture, caplog, monkeypatch):
    hung, fresh = scripted_capture(1), scripted_capture(2)
    monkeypatch.setattr(live, "DEADLINE_S", 0.5)
    source = LiveSource("cam", opener(hung, fresh))
    frames = iter(source)
    with caplog.at_level(logging.INFO):
        assert value(next(frames)) == 1
        assert value(next(frames)) == 2  # nobody ever answered the hung one
    assert "no frame for 0.5 s" in caplog.records[0].getMessage()
    assert not hung.closed.is_set()
    hung.script.put(99)  # it wakes up at last: its frame does not count, and it closes its device
    assert hung.closed.wait(PATIENCE_S)
    fresh.script.put(3)
    late = next(frames)
    assert (value(late), late.index) == (3, 2)
    assert source.stats.dropped == 0


def test_an_open_that_hangs_is_left_behind(scripted_capture, monkeypatch):
    release = threading.Event()
    camera = scripted_capture(5)
    attempts = itertools.count()

    def open_capture():
        if next(attempts) == 0:
            release.wait()
            raise OSError("too late")
        return camera

    monkeypatch.setattr(live, "DEADLINE_S", 0.5)
    source = LiveSource("cam", open_capture)
    assert value(next(iter(source))) == 5
    release.set()


def test_hung_threads_do_not_pile_up(monkeypatch):
    monkeypatch.setattr(live, "MAX_HUNG", 3)
    release = threading.Event()
    attempts: list[int] = []
    pauses = itertools.count()

    def open_capture():
        attempts.append(1)
        release.wait()
        raise OSError("too late")

    def pausing():
        for pause in pauses:
            if pause == 20:
                source.close()
            yield 0.0

    monkeypatch.setattr(live, "DEADLINE_S", 0.01)
    monkeypatch.setattr(live, "back_off", pausing)
    source = LiveSource("cam", open_capture)
    assert list(source) == []
    assert next(pauses) > 20
    assert len(attempts) == 3
    release.set()


def close_once(condition, source):
    def wait_and_close():
        condition()
        source.close()

    thread = threading.Thread(target=wait_and_close)
    thread.start()
    return thread


def test_close_from_another_thread_while_waiting_for_a_frame(scripted_capture):
    camera = scripted_capture()
    source = LiveSource("cam", opener(camera))

    def when_waiting():
        camera.wait_for_reads(1)
        camera.script.put(None)  # so that the thread sees the end
        camera.wait_for_reads(1)
        camera.script.put(OSError())

    closer = close_once(when_waiting, source)
    assert list(source) == []
    closer.join()


def test_close_during_the_back_off(monkeypatch):
    waiting = threading.Event()

    def endless():
        waiting.set()
        yield 3600.0

    monkeypatch.setattr(live, "back_off", endless)
    source = LiveSource("cam", opener())
    closer = close_once(waiting.wait, source)
    assert list(source) == []
    closer.join()


def test_close_in_a_signal_handler(scripted_capture):
    source = LiveSource("cam", opener(scripted_capture(1)))
    before = signal.signal(signal.SIGUSR1, lambda *_: source.close())
    try:
        received = []
        for frame in source:
            received.append(frame)
            # Reaches this thread while it waits for the next frame, which never comes.
            threading.Timer(0.05, signal.pthread_kill, (threading.get_ident(), signal.SIGUSR1)).start()
        assert len(received) == 1
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("by", ["closing it", "leaving the loop"])
def test_the_device_is_released_at_the_end(scripted_capture, monkeypatch, by):
    monkeypatch.setattr(live, "CLOSE_WAIT_S", PATIENCE_S)
    camera = scripted_capture(1)
    source = LiveSource("cam", opener(camera))
    frames = iter(source)
    next(frames)
    camera.wait_for_reads(2)
    camera.script.put(2)
    if by == "closing it":
        source.close()
        assert list(frames) == []
    else:
        frames.close()
    assert camera.closed.is_set()


def test_who_waits_for_a_camera_is_told_that_all_is_well(monkeypatch):
    """Many attempts without a camera, here without the waiting."""
    told = []
    delays = iter([1e-3] * 180)

    def many():
        yield from delays
        source.close()
        yield 0.0

    monkeypatch.setattr(live, "back_off", many)
    source = LiveSource("cam", opener())
    source.on_wait = lambda: told.append(threading.active_count())
    before = threading.active_count()
    assert list(source) == []
    assert len(told) >= 180
    assert max(told) <= before + 1
    assert source.stats.reopened == 0


def test_a_frame_that_does_not_come_is_no_reason_to_worry_until_the_deadline(scripted_capture, monkeypatch):
    monkeypatch.setattr(live, "WAIT_STEP_S", 0.001)
    camera = scripted_capture()
    source = LiveSource("cam", opener(camera))
    waits = itertools.count()
    source.on_wait = lambda: camera.script.put(7) if next(waits) == 3 else None
    assert value(next(iter(source))) == 7


@pytest.mark.parametrize("attempt_s", [0.0, 0.05])
def test_nobody_is_told_that_all_is_well_while_captures_hang_for_good(monkeypatch, attempt_s):
    """Else the watchdog would be fed although only a new process can open the camera again; also where
    each attempt takes longer to fail than a step of waiting."""
    monkeypatch.setattr(live, "HOPELESS_S", 0.2)
    monkeypatch.setattr(live, "WAIT_STEP_S", 0.02)
    release = threading.Event()
    attempts = itertools.count()
    told_at: list[float] = []
    lost = time.monotonic()

    def open_capture():
        if next(attempts) == 0:
            release.wait()  # stuck in the driver, the device in its hands
        release.wait(attempt_s)
        raise OSError("busy")

    def until_hopeless():
        while time.monotonic() < lost + 1:
            yield 0.01
        source.close()
        yield 0.0

    monkeypatch.setattr(live, "DEADLINE_S", 0.1)
    monkeypatch.setattr(live, "back_off", until_hopeless)
    source = LiveSource("cam", open_capture)
    source.on_wait = lambda: told_at.append(time.monotonic() - lost)
    assert list(source) == []
    assert told_at
    assert max(told_at) < 0.6
    release.set()


def test_it_is_known_when_the_camera_is_absent(scripted_capture, monkeypatch, caplog):
    monkeypatch.setattr(live, "back_off", lambda: iter([0.01]))
    source = LiveSource("cam", opener(OSError("busy"), scripted_capture(1)))
    lost: list[bool] = []
    source.on_wait = lambda: lost.append(source.lost)
    assert not source.lost
    with caplog.at_level(logging.INFO):
        next(iter(source))
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert lost
    assert all(lost)
    assert not source.lost
