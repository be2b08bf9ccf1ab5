"""The page's server in a process of its own, and a service for it to watch."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

httpx = pytest.importorskip("httpx", reason="needs httpx (requirements-test.txt)")
pytest.importorskip("uvicorn", reason="needs the packages of the page (requirements-page.txt)")

from edge.core.errors import ModelError  # noqa: E402
from edge.landmarks import assets  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]


class Page:
    """A running ``mien page``."""

    def __init__(self, *flags: object, patches: str = "", env: dict[str, str] | None = None) -> None:
        """Start it, and wait until it says its address.

        Args:
            flags: flags beside ``--port 0 --no-browser``.
            patches: Python that runs first, such as shorter deadlines.
        """
        code = f"{patches}\nimport sys\nfrom mien.__main__ import main\nsys.exit(main())"
        command = [sys.executable, "-c", code, "page", "--port", "0", *map(str, flags or ["--no-browser"])]
        # A pipe that nobody reads would block it.
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        address = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        if address is None:
            raise AssertionError(f"no address in {line!r}: {self.errors()}")
        self.url, self.port = address[0], int(address[1])

    def client(self) -> "httpx.Client":
        return httpx.Client(base_url=self.url, timeout=30)

    def connect(self) -> socket.socket:
        """A bare connection."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def memory(self) -> int:
        """Resident memory of the process, bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def peak(self) -> int:
        """Largest resident memory so far, bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) << 10

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, float]:
        """Send a signal; exit code, errors, and seconds until the end."""
        started = time.monotonic()
        self.process.send_signal(number)
        code, seconds = self.process.wait(30), time.monotonic() - started
        errors = self.errors()
        self.process.stdout.close()
        self._errors.close()
        return code, errors, seconds

    def errors(self) -> str:
        """What it has written to stderr."""
        self._errors.seek(0)
        return self._errors.read()


@pytest.fixture
def start_page() -> Iterator[type[Page]]:
    """``Page``, whose processes end with the test."""
    started: list[Page] = []

    class Started(Page):
        def __init__(self, *flags: object, **options: object) -> None:
            super().__init__(*flags, **options)
            started.append(self)

    yield Started
    for page in started:
        if page.process.poll() is None:
            page.end()


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One page for the tests that leave it as it was; no service is at its socket."""
    page = Page("--no-browser", "--socket", tmp_path_factory.mktemp("run") / "none.sock")
    yield page
    code, errors, _ = page.end()
    assert code == -signal.SIGTERM
    assert "Traceback" not in errors


@pytest.fixture
def client(page: Page) -> "Iterator[httpx.Client]":
    with page.client() as client:
        yield client


@pytest.fixture(scope="session")
def portrait() -> bytes:
    """A picture file with one face."""
    try:
        for asset in assets.MODELS:
            assets.load(asset)
        return assets.find(assets.PORTRAITS[-1]).read_bytes()
    except ModelError as error:
        pytest.skip(f"needs the face models and portraits: {error}")


HELLO = {
    "schema": 2,
    "hello": {"device": "pi", "version": "0.9.0", "bundle": "everyday", "labels": ["happy"]},
}


def status(paused: str = "") -> dict:
    return {"schema": 2, "time": 1.0, "status": {"bundle": "everyday", "frames": 1, "paused": paused}}


class Service:
    """Speaks as a run with the sink ``socket`` does, and keeps what its readers say."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.readers: list[socket.socket] = []
        self.accepted = 0
        self.said: list[dict] = []
        self.changed = threading.Condition()
        self.paused = ""

    def start(self) -> None:
        """Listen, and greet each reader."""
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self.path))
        self._listening.listen()
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def stop(self) -> None:
        """End as a service does."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.path.unlink()
        with self.changed:
            for reader in self.readers:
                with suppress(OSError):
                    reader.shutdown(socket.SHUT_RDWR)
        self.wait_for(lambda: not self.readers)

    def say(self, message: dict) -> None:
        """Say it to all readers."""
        with self.changed:
            readers = list(self.readers)
        for reader in readers:
            with suppress(OSError):
                reader.sendall(json.dumps(message).encode() + b"\n")

    def wait_for(self, condition: object, seconds: float = 10) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, seconds)

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                reader, _ = listening.accept()
                with self.changed:
                    self.accepted += 1
                    self.readers.append(reader)  # first, so that who was greeted is one of them
                    for message in (HELLO, status(self.paused)):
                        reader.sendall(json.dumps(message).encode() + b"\n")
                    self.changed.notify_all()
                threading.Thread(target=self._listen_to, args=(reader,), daemon=True).start()

    def _listen_to(self, reader: socket.socket) -> None:
        with suppress(OSError), reader, reader.makefile("rb") as lines:
            for line in lines:
                request = json.loads(line)
                with self.changed:
                    self.said.append(request)
                    self.changed.notify_all()
                if "command" in request:
                    self.paused = "reader" if request["command"] == "pause" else ""
                    self.say(status(self.paused))
        with self.changed:
            self.readers.remove(reader)
            self.changed.notify_all()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service at a path of its own, not yet started."""
    service = Service(tmp_path / "mien.sock")
    yield service
    if service.path.exists():
        service.stop()
