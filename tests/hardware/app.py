"""``mien run`` as systemd would start it, watched from outside."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def settings(source: str, bundle: str = "everyday", file: str = "", after_s: float = 60) -> str:
    """The text of a settings file."""
    return f"""
source = "{source}"
expression.bundle = "{bundle}"
output = {{ sinks = ["jsonl"], jsonl_file = "{file}" }}
sleep.after_s = {after_s}
"""


UNIT_ENVIRONMENT = {"PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "1"}
"""What the unit sets."""


class App:
    """A running process, its newest record, and what it told its manager."""

    def __init__(self, folder: Path, text: str, **environment: str) -> None:
        """
        Args:
            folder: for settings, log and notify socket; exists.
            text: the settings file's text.
            environment: variables beside this process's own.
        """
        self.config = folder / "mien.toml"
        self.config.write_text(text, "utf-8")
        self.record: dict = {}
        self.seen_at = 0.0
        self.total_ms: list[float] = []
        """Of each frame since somebody emptied it."""
        self.messages: list[str] = []
        self._beat_at = time.monotonic()  # systemd, too, counts from the start
        self._log_path = folder / "stderr.log"
        socket_path = folder / "notify"
        socket_path.unlink(missing_ok=True)
        self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._channel.bind(str(socket_path))
        with self._log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mien", "run", "--config", str(self.config)],
                cwd=ROOT,
                env={**os.environ, "NOTIFY_SOCKET": str(socket_path), **UNIT_ENVIRONMENT, **environment},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        for job in (self._read, self._listen):
            threading.Thread(target=job, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.record = json.loads(line)
            self.seen_at = time.monotonic()
            self.total_ms.append(self.record["ms"]["total"])

    def _listen(self) -> None:
        while True:
            message = self._channel.recv(4096).decode()
            self.messages.append(message)
            if "WATCHDOG=1" in message:
                self._beat_at = time.monotonic()

    @property
    def log(self) -> str:
        return self._log_path.read_text("utf-8", errors="replace")

    @property
    def status(self) -> str:
        """The newest status line."""
        lines = [re.search(r"STATUS=(.*)", message) for message in reversed(self.messages[-20:])]
        return next((line[1] for line in lines if line), "")

    def silent_s(self) -> float:
        """Seconds since the watchdog was fed."""
        return time.monotonic() - self._beat_at

    def wait(self, condition: Callable[[], object], limit_s: float, what: str) -> float:
        """Until the condition holds; the seconds that took.

        Raises:
            AssertionError: it did not within ``limit_s``, or the process has ended.
        """
        begun = time.monotonic()
        while not condition():
            took = time.monotonic() - begun
            if self.process.poll() is not None:
                raise AssertionError(f"{what}: the app ended with {self.process.returncode}\n{self.log}")
            if took > limit_s:
                raise AssertionError(f"{what}: not within {limit_s:g} s\n{self.log}\n{self.status}")
            time.sleep(0.01)
        return time.monotonic() - begun

    def wait_for_frame(self, limit_s: float, what: str) -> float:
        """Until a record comes that is newer than this call."""
        now = time.monotonic()
        return self.wait(lambda: self.seen_at > now, limit_s, what)

    def reload(self, settings: str) -> None:
        """New settings, and SIGHUP."""
        self.config.write_text(settings, "utf-8")
        self.process.send_signal(signal.SIGHUP)

    def end(self) -> None:
        """SIGTERM.

        Raises:
            AssertionError: it did not end in order.
        """
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self._channel.close()
        assert code == 0, f"ended with {code}\n{self.log}"

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        self.process.kill()
        self.process.wait()
