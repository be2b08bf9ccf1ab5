"""A paused run: its camera is released, it goes on living, and only a resume opens the camera again."""

import itertools
import signal
import threading
from pathlib import Path

import pytest

from edge.pause import PauseMarks
from edge.sources.demo import DemoSource
from edge.stream.client import StreamClient
from tests.edge.manager import PATIENCE_S, Manager
from tests.mjpeg import PictureServer


class CountedCamera(PictureServer):
    """A camera that knows how many watch it."""

    def __init__(self, *pictures) -> None:
        super().__init__(*pictures)
        self._changed = threading.Condition()
        self._watching = 0

    def play(self, write, stopping) -> None:
        self._count(1)
        try:
            super().play(write, stopping)
        finally:
            self._count(-1)

    def wait_for(self, watching: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._watching == watching, PATIENCE_S)

    def _count(self, number: int) -> None:
        with self._changed:
            self._watching += number
            self._changed.notify_all()


@pytest.fixture
def camera(portrait_files):
    server = CountedCamera(*map(DemoSource(portrait_files).view, range(4)))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def settings(camera, tmp_path):
    return (
        f'source = "{camera.url}"\n[output]\nsinks = ["jsonl", "socket"]\n'
        f'socket = "{tmp_path / "mien.sock"}"\ndevice = "porch"\n'
    )


@pytest.fixture
def start(manager, settings, tmp_path):
    """``(text)`` starts the service, with its own state."""

    def start(text: str = "") -> Manager:
        run = manager(text or settings, STATE_DIRECTORY=str(tmp_path / "state"))
        run.told("READY=1")
        return run

    return start


def paused(messages, by: str) -> None:
    """A status that says so comes; there is one each second."""
    statuses = (message["status"] for message in messages if "status" in message)
    assert by in (status["paused"] for status in itertools.islice(statuses, int(PATIENCE_S)))


def frame_comes(messages) -> None:
    assert any("frame" in message for message in itertools.islice(messages, int(PATIENCE_S)))


def test_a_reader_pauses_and_resumes(start, camera, tmp_path):
    run = start()
    camera.wait_for(1)
    with StreamClient(tmp_path / "mien.sock") as reader:
        messages = iter(reader)
        frame_comes(messages)
        reader.command("pause")
        paused(messages, "reader")
        camera.wait_for(0)
        run.told("WATCHDOG=1\nSTATUS=0.0 fps, paused \\(reader\\)")
        reader.command("resume")
        paused(messages, "")
        camera.wait_for(1)
        frame_comes(messages)
    errors = run.end()
    assert "no camera" not in errors
    assert "Traceback" not in errors


def test_a_pause_outlives_a_reload_and_a_restart(start, camera, settings, tmp_path):
    run = start()
    with StreamClient(tmp_path / "mien.sock") as reader:
        reader.command("pause")
        messages = iter(reader)
        paused(messages, "reader")
        run.config.write_text(settings.replace("[output]", "[camera]\nmirror = true\n[output]"))
        run.reload()
        paused(messages, "reader")
        camera.wait_for(0)
    run.end()  # SIGTERM
    run = start(settings)
    with StreamClient(tmp_path / "mien.sock") as reader:
        messages = iter(reader)
        paused(messages, "reader")
        paused(messages, "reader")
        camera.wait_for(0)
        reader.command("resume")
        frame_comes(messages)
    run.end()


def test_what_the_device_has_paused_no_reader_resumes(start, camera, settings, tmp_path, edge):
    run = start()
    camera.wait_for(1)
    state = {"STATE_DIRECTORY": str(tmp_path / "state")}
    with StreamClient(tmp_path / "mien.sock") as reader:
        messages = iter(reader)
        assert edge("pause", "--config", run.config, env=state).returncode == 0
        paused(messages, "device")
        camera.wait_for(0)
        reader.command("resume")
        reader.command("pause")
        for _ in range(2):  # by then the service has taken the commands
            paused(messages, "device")
        camera.wait_for(0)
        result = edge("resume", "--config", run.config, env=state)
        assert result.returncode == 0
        assert "porch" in result.stdout
        paused(messages, "")
        frame_comes(messages)
    run.end()


def test_instances_are_paused_one_by_one(tmp_path):
    porch, door = PauseMarks(tmp_path, "porch"), PauseMarks(tmp_path, "door")
    porch.add("reader")
    assert (porch.by, door.by) == ("reader", "")
    porch.add("device")
    porch.add("device")
    assert porch.by == "device"
    porch.remove("device")
    assert porch.by == "reader"
    porch.remove("reader")
    porch.remove("reader")
    assert porch.by == ""


def test_a_file_waits(start, tmp_path):
    text = 'source = "demo"\n[output]\nsinks = ["jsonl", "socket"]\nsocket = "{}"\n'
    run = start(text.format(tmp_path / "mien.sock"))
    with StreamClient(tmp_path / "mien.sock") as reader:
        messages = iter(reader)
        frame_comes(messages)
        reader.command("pause")
        paused(messages, "reader")
        assert {*next(messages)} >= {"status"}
        assert {*next(messages)} >= {"status"}
        reader.command("resume")
        frame_comes(messages)
        reader.command("pause")
        paused(messages, "reader")
    assert "Traceback" not in run.end()
    run = start(text.format(tmp_path / "mien.sock"))
    run.told("paused \\(reader\\)")
    run.end()


def test_a_pause_that_cannot_be_written_is_kept_until_the_end(start, camera, tmp_path):
    (tmp_path / "state").write_text("no folder")
    run = start()
    camera.wait_for(1)
    with StreamClient(tmp_path / "mien.sock") as reader:
        messages = iter(reader)
        reader.command("pause")
        paused(messages, "reader")
        camera.wait_for(0)
        reader.command("resume")
        frame_comes(messages)
    errors = run.end()
    assert errors.count("the pause ends with the program") == 1
    assert "Traceback" not in errors


def test_a_signal_ends_a_paused_run_soon(start, tmp_path):
    PauseMarks(tmp_path / "state", "porch").add("device")
    run = start()
    run.told("paused \\(device\\)")
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(5) == 0


def test_pausing_where_nothing_can_be_written_is_a_line(edge, tmp_path):
    (tmp_path / "state").write_text("no folder")
    result = edge("pause", env={"STATE_DIRECTORY": str(tmp_path / "state")}, cwd=Path(tmp_path))
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "state" in result.stderr
