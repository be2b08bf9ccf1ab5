"""What ``mien watch`` shows of a service, of none, and of one that starts again."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading

import pytest

from edge.cli.main import main
from edge.stream import messages
from tests.edge.manager import ENVIRONMENT, PATIENCE_S, ROOT


class Watch:
    """``mien watch`` in a process of its own."""

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edge", "watch", *map(str, arguments)],
            cwd=ROOT,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._queues = [queue.SimpleQueue(), queue.SimpleQueue()]
        streams = zip((self.process.stdout, self.process.stderr), self._queues, strict=True)
        self._threads = [threading.Thread(target=self._read, args=each, daemon=True) for each in streams]
        for thread in self._threads:
            thread.start()

    def line(self, *words: str, errors: bool = False) -> str:
        """The next line with all of these words."""
        while True:
            line = self._queues[errors].get(timeout=PATIENCE_S)
            if all(word in line for word in words):
                return line

    def close(self) -> None:
        """End it, and the threads that read what it writes."""
        self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join()

    @staticmethod
    def _read(stream, lines) -> None:
        with stream:
            for line in stream:
                lines.put(line)

    def interrupt(self) -> str:
        """Ctrl-C; what was written to stderr and not read yet."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(PATIENCE_S) == 130
        return self.line("interrupted", errors=True)


@pytest.fixture
def watch():
    started = []

    def start(*arguments):
        started.append(Watch(*arguments))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "mien.sock"
    return f'source = "demo"\n[output]\nsinks = ["socket"]\nsocket = "{path}"\ndevice = "porch"\n'


def test_it_waits_for_a_service_and_for_the_next_one(watch, manager, portraits, settings, tmp_path):
    seen = watch("--socket", tmp_path / "mien.sock")
    seen.line("no service at", "waiting", errors=True)
    for _ in range(2):
        run = manager(settings)
        assert seen.line("porch", "everyday")
        assert seen.line("demo", "fps", "%")
        run.end()
        assert seen.line("has ended", "waiting", errors=True)
    assert "Traceback" not in seen.interrupt()


@pytest.fixture
def service(tmp_path):
    """A socket that listens in place of a service."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "mien.sock"))
        listening.listen()
        listening.settimeout(PATIENCE_S)
        yield listening


def test_a_message_that_it_does_not_know_is_passed_over(watch, service):
    seen = watch("--socket", service.getsockname())
    connection, _ = service.accept()
    with connection:
        connection.sendall(b'{"schema":2,"weather":"fine"}\n')
        connection.sendall(messages.line(messages.hello("porch", "everyday", ("happy", "sad"))))
        assert seen.line("porch", "everyday")


def test_where_it_is_refused_it_says_so_once(watch, service):
    seen = watch("--socket", service.getsockname())
    for _ in range(3):
        service.accept()[0].close()
    assert seen.line("too many readers", errors=True)
    seen.process.send_signal(signal.SIGINT)
    assert "interrupted" in seen.line(errors=True)


def test_it_says_what_keeps_the_camera_closed(watch, manager, models, settings, tmp_path):
    run = manager(settings.replace("demo", "camera:99"), STATE_DIRECTORY=str(tmp_path))
    run.told("no camera")
    seen = watch("--config", run.config)
    assert seen.line("no camera")
    (tmp_path / "porch.paused-by-device").touch()
    assert seen.line("paused (device)")


def test_as_json_it_prints_every_message(watch, manager, portraits, settings, tmp_path):
    manager(settings).told("READY=1")
    seen = watch("--json", "--socket", tmp_path / "mien.sock")
    kinds = [next(iter(json.loads(seen.line()).keys() & {"hello", "status", "frame"})) for _ in range(20)]
    assert kinds[:2] == ["hello", "status"]
    assert "frame" in kinds[2:]


def test_a_socket_that_may_not_be_read_names_the_group(command, monkeypatch, tmp_path):
    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refused)
    code, _, errors = command(main, "watch", "--socket", tmp_path / "mien.sock")
    assert code == 1
    assert errors.count("\n") == 1
    assert "mien-records" in errors


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("--socket", "/" + "x" * 107), 78, "107"),
        (("--config", "/absent.toml"), 78, "absent.toml"),
        (("--sockets",), 2, "usage"),
    ],
)
def test_wrong_flags_are_a_line(edge, arguments, code, word):
    result = edge("watch", *arguments)
    assert result.returncode == code
    assert word in result.stderr
    assert "Traceback" not in result.stderr


def test_it_ends_quietly_where_nobody_reads_it(watch, manager, portraits, settings, tmp_path):
    manager(settings).told("READY=1")
    read, write = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "edge", "watch", "--json", "--socket", tmp_path / "mien.sock"],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(write)
    os.read(read, 1)
    os.close(read)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, errors) == (0, "")
