"""What a run sees, on the page: against a service on a real socket."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from edge.landmarks import assets
from tests.mien.page.conftest import HELLO, Page, Service, status

ROOT = Path(__file__).resolve().parents[3]
RECORD = {
    "schema": 2,
    "frame": 1,
    "source": "camera:0",
    "time": 1.5,
    "size": [640, 480],
    "faces": [],
    "ms": {},
}


class Viewer:
    """A browser's ``EventSource``."""

    def __init__(self, response):
        self._lines = response.iter_lines()

    def block(self):
        """The lines up to the next empty line."""
        lines = []
        for line in self._lines:
            if not line and lines:
                return lines
            lines += [line] * bool(line)
        raise EOFError

    def next(self):
        """Kind, number and data of the next event; comments are passed over."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            fields = dict(line.split(": ", 1) for line in self.block() if not line.startswith(":"))
            if fields:
                return fields["event"], int(fields["id"]), json.loads(fields["data"])
        raise AssertionError("no event came")

    def kinds(self, *expected):
        """The data of the next events, which are of these kinds."""
        events = [self.next() for _ in expected]
        assert [kind for kind, _, _ in events] == [*expected]
        numbers = [number for _, number, _ in events]
        assert numbers == sorted(set(numbers))
        return [data for _, _, data in events]


@contextmanager
def watching(page):
    with page.client() as client, client.stream("GET", "/api/watch") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        yield Viewer(response)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page that loses its patience sooner, for all these tests."""
    patches = "import mien.page.connection as c, mien.page.watch as w\n"
    patches += "c.STALLED_S, w.COMMENT_S, w.RETRY_S, w.COMMAND_S = 1, 0.2, 0.2, 0.2"
    page = Page("--no-browser", "--socket", tmp_path_factory.mktemp("run") / "mien.sock", patches=patches)
    yield page
    assert "Traceback" not in page.end()[1]


@pytest.fixture
def service(page):
    """The service that the page watches, not yet started."""
    with page.client() as client:
        service = Service(Path(client.get("/api/state").json()["socket"]))
    yield service
    if service.path.exists():
        service.stop()


@pytest.fixture
def watched(page, service):
    """A page of a service that runs."""
    service.start()
    return page


def test_one_connection_for_all_viewers_and_none_for_nobody(watched, service):
    assert service.accepted == 0
    with ExitStack() as stack:
        first = stack.enter_context(watching(watched))
        assert first.kinds("hello", "status") == [HELLO, status()]
        service.wait_for(lambda: {"want": ["mesh"]} in service.said)
        service.say(RECORD)
        assert first.kinds("record") == [RECORD]
        later = [stack.enter_context(watching(watched)) for _ in range(3)]
        for viewer in later:
            assert viewer.kinds("hello", "status") == [HELLO, status()]
        service.say({**RECORD, "frame": 2, "faces": [{"label": "happy", "mesh": "AAA="}]})
        for viewer in (first, *later):
            (record,) = viewer.kinds("record")
            assert (record["frame"], record["faces"][0]["mesh"]) == (2, "AAA=")
        assert service.accepted == 1
    service.wait_for(lambda: not service.readers)
    with watching(watched) as again:
        again.kinds("hello", "status")
    assert service.accepted == 2


def test_it_says_that_the_service_is_away_and_finds_it_again(page, service):
    with watching(page) as viewer, watching(page) as second:
        (offline,) = viewer.kinds("offline")
        assert str(service.path) in offline["error"]
        assert second.kinds("offline") == [offline]
        for _ in range(2):
            service.start()
            kind = "offline"
            while kind == "offline":  # another reason, if it has tried again meanwhile
                kind, _, data = viewer.next()
            assert (kind, data) == ("hello", HELLO)
            assert viewer.kinds("status") == [status()]
            service.stop()
            viewer.kinds("offline")
        with watching(page) as later:
            later.kinds("offline")


def test_what_is_no_service_is_away_too(watched, service):
    with watching(watched) as viewer:
        viewer.kinds("hello", "status")
        for reader in list(service.readers):
            reader.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        (offline,) = viewer.kinds("offline")
        assert "\n" not in offline["error"]
        viewer.kinds("hello", "status")


def test_a_hello_in_between_is_what_later_viewers_get(watched, service):
    other = {"schema": 2, "hello": {**HELLO["hello"], "bundle": "landmarks"}}
    with watching(watched) as viewer:
        viewer.kinds("hello", "status")
        service.say(other)
        service.say(status("reader"))
        assert viewer.kinds("hello", "status") == [other, status("reader")]
        with watching(watched) as later:
            assert later.kinds("hello", "status") == [other, status("reader")]


@pytest.mark.parametrize("somebody_watches", [True, False])
def test_pause_and_resume(watched, service, somebody_watches):
    with ExitStack() as stack:
        if somebody_watches:
            viewer = stack.enter_context(watching(watched))
            viewer.kinds("hello", "status")
            service.wait_for(lambda: len(service.said) == 1)
        client = stack.enter_context(watched.client())
        for name, paused in (("pause", "reader"), ("resume", "")):
            assert client.post("/api/command", json={"command": name}).status_code == 204
            service.wait_for(lambda name=name: {"command": name} in service.said)
            if somebody_watches:
                assert viewer.kinds("status") == [status(paused)]
        assert service.accepted == (1 if somebody_watches else 2)


@contextmanager
def hanging(path):
    """A service that accepts nobody, and has room for one command to wait, or two."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(0)
        yield listening
    path.unlink()


def test_a_service_that_hangs_gets_one_line(page, service):
    with hanging(service.path), page.client() as client:
        for _ in range(3):  # it waits for the first, and there is no room for the last
            answer = client.post("/api/command", json={"command": "pause"})
            assert (answer.status_code, "does not answer" in answer.json()["error"]) == (503, True)


def test_a_service_that_hangs_does_not_hold_up_the_end(start_page, tmp_path):
    body = b'{"command": "pause"}'
    head = "POST /api/command HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
    with hanging(tmp_path / "s") as listening:
        page = start_page("--no-browser", "--socket", tmp_path / "s")
        with page.connect() as connection:
            connection.sendall((head % page.port + f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
            with listening.accept()[0]:
                assert page.end(signal.SIGINT)[2] < 1.5


def test_a_comment_comes_now_and_then(watched, service):
    with watching(watched) as viewer:
        viewer.kinds("hello", "status")
        assert viewer.block() == [":"]
        service.say(RECORD)
        assert viewer.kinds("record") == [RECORD]


def test_a_viewer_that_does_not_read_is_ended_and_costs_the_others_nothing(watched, service):
    done = threading.Event()

    def play():
        for number in range(1_000_000):
            if done.is_set():
                return
            service.say({**RECORD, "frame": number, "faces": [{"mesh": "A" * 20_000}]})
            time.sleep(0.002)

    with watching(watched) as viewer, socket.socket() as stuck:
        viewer.kinds("hello", "status")
        memory, files = watched.memory(), watched.open_files()
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect(("127.0.0.1", watched.port))
        stuck.sendall(b"GET /api/watch HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % watched.port)
        assert stuck.recv(12) == b"HTTP/1.1 200"
        thread = threading.Thread(target=play)
        thread.start()
        last, deadline = -1, time.monotonic() + 30
        while watched.open_files() > files and time.monotonic() < deadline:
            (record,) = viewer.kinds("record")
            assert record["frame"] > last
            last = record["frame"]
        done.set()
        thread.join()
        assert watched.open_files() <= files
        assert last > 100
        assert watched.memory() - memory < 16 << 20


def test_a_real_run_is_seen_paused_resumed_and_missed(start_page, tmp_path_factory, portrait):
    """Page and run find each other at the default path."""
    env = {"XDG_RUNTIME_DIR": str(tmp_path_factory.mktemp("r")), "RUNTIME_DIRECTORY": ""}
    page = start_page(env=env)
    command = [sys.executable, "-m", "mien", "run", "--source", "demo", "--sink", "socket"]
    command += ["--models-dir", str(assets.data_directory())]
    own = {**os.environ, **env, "STATE_DIRECTORY": env["XDG_RUNTIME_DIR"]}  # it remembers that it is paused
    with watching(page) as viewer, page.client() as client:
        viewer.kinds("offline")
        run = subprocess.Popen(command, cwd=ROOT, env=own, stderr=subprocess.DEVNULL)

        def until(condition):
            """The first event that meets a condition."""
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                kind, _, data = viewer.next()
                if condition(kind, data):
                    return data
            raise AssertionError("it did not come")

        try:
            hello = until(lambda kind, _: kind == "hello")["hello"]
            assert hello["bundle"] == client.get("/api/state").json()["bundle"]
            record = until(lambda kind, data: kind == "record" and "mesh" in data["faces"][0])
            assert record["faces"][0]["label"] in hello["labels"]
            assert len(base64.b64decode(record["faces"][0]["mesh"])) == 468 * 4
            for name, paused in (("pause", "reader"), ("resume", "")):
                assert client.post("/api/command", json={"command": name}).status_code == 204
                until(
                    lambda kind, data, paused=paused: kind == "status" and data["status"]["paused"] == paused
                )
            until(lambda kind, _: kind == "record")
        finally:
            run.terminate()
            run.wait(30)
        until(lambda kind, _: kind == "offline")
    with page.client() as client:
        answer = client.post("/api/command", json={"command": "pause"})
        assert (answer.status_code, list(answer.json())) == (503, ["error"])
