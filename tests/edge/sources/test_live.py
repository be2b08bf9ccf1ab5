"""Live sources: newest frame only, lost and hung cameras replaced, and closing at any moment."""

import itertools
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from edge.core.types import Frame
from edge.sources import live
from edge.sources.live import LiveSource, back_off

PATIENCE_S = 20.0


@pytest.fixture(autouse=True)
def no_waiting_for_captures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most tests leave a capture waiting for a frame that never comes."""
    monkeypatch.setattr(live, "CLOSE_WAIT_S", 0.01)


def at_once() -> Iterator[float]:
    """A back-off that does not wait."""
    return itertools.repeat(0.0)


def opener(*captures: object) -> Callable[[], object]:
    """Gives one after the other; raises those that are exceptions; then there is no camera any more."""
    remaining = iter(captures)

    def open_capture() -> object:
        capture = next(remaining, OSError("unplugged"))
        if isinstance(capture, Exception):
            raise capture
        return capture

    return open_capture


def value(frame: Frame) -> int:
    return int(frame.rgb[0, 0, 0])


def test_back_off_doubles_up_to_its_cap() -> None:
    assert list(itertools.islice(back_off(), 7)) == [0.5, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0]


def test_frames_carry_what_the_capture_says(scripted_capture: type) -> None:
    source = LiveSource("cam", opener(scripted_capture(7)))
    frame = next(iter(source))
    assert (frame.index, frame.captured_ns, frame.origin, frame.still) == (0, 1007, "cam", False)
    assert np.array_equal(frame.rgb, np.full((2, 2, 3), 7, np.uint8))


def test_only_the_newest_frame_waits(scripted_capture: type) -> None:
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


def test_a_broken_frame_is_counted_and_skipped(scripted_capture: type) -> None:
    source = LiveSource("cam", opener(scripted_capture(None, None, 3)))
    assert value(next(iter(source))) == 3
    assert source.stats.skipped == 2


def test_a_lost_camera_comes_back(scripted_capture: type, caplog: pytest.LogCaptureFixture) -> None:
    first, second = scripted_capture(1), scripted_capture(2)
    source = LiveSource("cam", opener(first, OSError("gone"), OSError("gone"), second), back_off=at_once)
    frames = iter(source)
    with caplog.at_level(logging.INFO):
        assert value(next(frames)) == 1
        first.script.put(OSError("bus\nreset"))
        assert value(next(frames)) == 2
    assert first.closed.is_set()
    assert source.stats.reopened == 1
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "cam: no camera (bus reset); trying again until it is back"),
        ("INFO", "cam: camera is back"),
    ]


def test_a_camera_that_is_absent_at_the_start_is_waited_for(
    scripted_capture: type, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [OSError("no such device")] * 5
    source = LiveSource("cam", opener(*failures, scripted_capture(9)), back_off=at_once)
    with caplog.at_level(logging.INFO):
        assert value(next(iter(source))) == 9
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "no such device" in caplog.records[0].getMessage()


def test_indices_go_on_after_a_loss(scripted_capture: type) -> None:
    first, second = scripted_capture(10, OSError()), scripted_capture(20, 21)
    source = LiveSource("cam", opener(first, second), back_off=at_once)
    frames = iter(source)
    assert next(frames).index == 0
    assert next(frames).index in (1, 2)


def test_the_back_off_starts_anew_only_after_a_camera_that_worked(
    scripted_capture: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SETTLED_FRAMES", 3)
    started: list[list[float]] = []

    def recording() -> Iterator[float]:
        taken: list[float] = []
        started.append(taken)
        for step in itertools.count():
            taken.append(step)
            yield 0.0

    flapping = [scripted_capture(1), scripted_capture(2)]
    steady, last = scripted_capture(3), scripted_capture(4)
    source = LiveSource("cam", opener(*flapping, steady, last), back_off=recording)
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


def test_a_capture_that_fails_right_after_it_opened_does_not_shorten_the_back_off(
    scripted_capture: type,
) -> None:
    opened_at: list[float] = []

    def open_failing() -> object:
        opened_at.append(time.monotonic())
        if len(opened_at) == 5:
            source.close()
        camera = scripted_capture()
        camera.script.put(OSError())
        return camera

    source = LiveSource("cam", open_failing, back_off=lambda: itertools.repeat(0.05))
    assert list(source) == []
    assert np.diff(opened_at).min() >= 0.05


def test_a_hung_capture_is_left_behind(scripted_capture: type, caplog: pytest.LogCaptureFixture) -> None:
    hung, fresh = scripted_capture(1), scripted_capture(2)
    source = LiveSource("cam", opener(hung, fresh), deadline_s=0.5, back_off=at_once)
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


def test_an_open_that_hangs_is_left_behind(scripted_capture: type) -> None:
    release = threading.Event()
    camera = scripted_capture(5)
    attempts = itertools.count()

    def open_capture() -> object:
        if next(attempts) == 0:
            release.wait()
            raise OSError("too late")
        return camera

    source = LiveSource("cam", open_capture, deadline_s=0.5, back_off=at_once)
    assert value(next(iter(source))) == 5
    release.set()


def test_hung_threads_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MAX_HUNG", 3)
    release = threading.Event()
    attempts: list[int] = []
    pauses = itertools.count()

    def open_capture() -> object:
        attempts.append(1)
        release.wait()
        raise OSError("too late")

    def pausing() -> Iterator[float]:
        for pause in pauses:
            if pause == 20:
                source.close()
            yield 0.0

    source = LiveSource("cam", open_capture, deadline_s=0.01, back_off=pausing)
    assert list(source) == []
    assert next(pauses) > 20
    assert len(attempts) == 3
    release.set()


def test_close_before_the_start(scripted_capture: type) -> None:
    source = LiveSource("cam", opener(scripted_capture(1)))
    source.close()
    assert list(source) == []


def close_once(condition: Callable[[], object], source: LiveSource) -> threading.Thread:
    def wait_and_close() -> None:
        condition()
        source.close()

    thread = threading.Thread(target=wait_and_close)
    thread.start()
    return thread


def test_close_from_another_thread_while_waiting_for_a_frame(scripted_capture: type) -> None:
    camera = scripted_capture()
    source = LiveSource("cam", opener(camera), deadline_s=PATIENCE_S)

    def when_waiting() -> None:
        camera.wait_for_reads(1)
        camera.script.put(None)  # so that the thread sees the end
        camera.wait_for_reads(1)
        camera.script.put(OSError())

    closer = close_once(when_waiting, source)
    assert list(source) == []
    closer.join()


def test_close_during_the_back_off() -> None:
    waiting = threading.Event()

    def endless() -> Iterator[float]:
        waiting.set()
        yield 3600.0

    source = LiveSource("cam", opener(), back_off=endless)
    closer = close_once(waiting.wait, source)
    assert list(source) == []
    closer.join()


def test_close_in_a_signal_handler(scripted_capture: type) -> None:
    source = LiveSource("cam", opener(scripted_capture(1)), deadline_s=PATIENCE_S)
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


def test_the_device_is_released_at_the_end(scripted_capture: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "CLOSE_WAIT_S", PATIENCE_S)
    camera = scripted_capture(1)
    source = LiveSource("cam", opener(camera), deadline_s=PATIENCE_S)
    frames = iter(source)
    next(frames)
    camera.wait_for_reads(2)
    source.close()
    camera.script.put(2)
    assert list(frames) == []
    assert camera.closed.is_set()


def test_leaving_the_loop_releases_the_device(
    scripted_capture: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "CLOSE_WAIT_S", PATIENCE_S)
    camera = scripted_capture(1)
    frames = iter(LiveSource("cam", opener(camera)))
    next(frames)
    camera.wait_for_reads(2)
    camera.script.put(2)
    frames.close()
    assert camera.closed.is_set()


def test_who_waits_for_a_camera_is_told_that_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour without a camera, at the longest back-off: 1800 attempts, here without the waiting."""
    told = []
    delays = iter([1e-3] * 1800)

    def hour() -> Iterator[float]:
        yield from delays
        source.close()
        yield 0.0

    source = LiveSource("cam", opener(), back_off=hour)
    source.on_wait = lambda: told.append(threading.active_count())
    before = threading.active_count()
    assert list(source) == []
    assert len(told) >= 1800
    assert max(told) <= before + 1
    assert source.stats.reopened == 0


def test_a_frame_that_does_not_come_is_no_reason_to_worry_until_the_deadline(
    scripted_capture: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "WAIT_STEP_S", 0.001)
    camera = scripted_capture()
    source = LiveSource("cam", opener(camera), deadline_s=PATIENCE_S)
    waits = itertools.count()
    source.on_wait = lambda: camera.script.put(7) if next(waits) == 3 else None
    assert value(next(iter(source))) == 7


@pytest.mark.parametrize("attempt_s", [0.0, 0.05])
def test_nobody_is_told_that_all_is_well_while_captures_hang_for_good(
    monkeypatch: pytest.MonkeyPatch, attempt_s: float
) -> None:
    """Else the watchdog would be fed although only a new process can open the camera again; also where
    each attempt takes longer to fail than a step of waiting."""
    monkeypatch.setattr(live, "HOPELESS_S", 0.2)
    monkeypatch.setattr(live, "WAIT_STEP_S", 0.02)
    release = threading.Event()
    attempts = itertools.count()
    told_at: list[float] = []
    lost = time.monotonic()

    def open_capture() -> object:
        if next(attempts) == 0:
            release.wait()  # stuck in the driver, the device in its hands
        release.wait(attempt_s)
        raise OSError("busy")

    def until_hopeless() -> Iterator[float]:
        while time.monotonic() < lost + 1:
            yield 0.01
        source.close()
        yield 0.0

    source = LiveSource("cam", open_capture, deadline_s=0.1, back_off=until_hopeless)
    source.on_wait = lambda: told_at.append(time.monotonic() - lost)
    assert list(source) == []
    assert told_at
    assert max(told_at) < 0.6
    release.set()


def test_it_is_known_when_the_camera_is_lost(scripted_capture: type) -> None:
    source = LiveSource("cam", opener(OSError("busy"), scripted_capture(1)), back_off=lambda: iter([0.01]))
    lost: list[bool] = []
    source.on_wait = lambda: lost.append(source.lost)
    assert not source.lost
    next(iter(source))
    assert lost
    assert all(lost)
    assert not source.lost
