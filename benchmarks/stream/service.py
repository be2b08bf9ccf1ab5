"""The service that is measured: ``mien run`` on one core, with the benchmark as its service manager."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.core.errors import BackendError

_READY_S = 60.0
_END_S = 15.0
_STEP_S = 0.5


class Service:
    """A running service. Its settings change by a reload, so that one process is measured in every mode."""

    def __init__(self, folder: Path, text: str, core: int) -> None:
        """Start it, and wait until it is ready.

        Args:
            folder: an empty folder for its settings, results, state and log.
            text: the settings (TOML) but for the table ``output``.
            core: number of the core that it runs on.

        Raises:
            BackendError: it does not start; with its last line.
        """
        self.socket = folder / "mien.sock"
        self._config, self._records, self._log = (folder / name for name in ("mien.toml", "records", "log"))
        self._text = text
        self._records.touch()  # it is read before the first frame may have come
        self._manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._manager.bind(str(folder / "notify"))
        self._ready: queue.SimpleQueue[None] = queue.SimpleQueue()
        # All messages are read: the service would wait a moment for a manager whose queue is full.
        threading.Thread(target=self._listen, daemon=True).start()
        self._write_settings("jsonl")
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "edge", "run", "--config", self._config],
                env={**os.environ, "NOTIFY_SOCKET": str(folder / "notify")},
                cwd=Path(__file__).resolve().parents[2],
                stdout=log,
                stderr=log,
                preexec_fn=lambda: os.sched_setaffinity(0, {core}),
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise

    def change_sinks(self, *sinks: str) -> None:
        """Reload with these sinks.

        Raises:
            BackendError: the service has ended.
        """
        self._write_settings(*sinks)
        self._process.send_signal(signal.SIGHUP)
        self._wait_until_ready()

    def measure(self, seconds: float) -> tuple[list[dict[str, float]], float, float]:
        """Let it run.

        Returns:
            The field ``ms`` of each frame's record; CPU time of the process, seconds; its memory (RSS), MB.
        """
        start, cpu_s = self._records.stat().st_size, self._cpu_s()
        time.sleep(seconds)
        cpu_s, end = self._cpu_s() - cpu_s, self._records.stat().st_size
        with self._records.open("rb") as file:
            file.seek(start)
            lines = file.read(end - start).splitlines()
        return [json.loads(line)["ms"] for line in lines if line.endswith(b"}")], cpu_s, self._rss_mb()

    def close(self) -> None:
        """End it and wait, so that its CPU time counts as ours."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._manager.shutdown(socket.SHUT_RDWR)  # ends the thread that listens
        self._manager.close()

    def _write_settings(self, *sinks: str) -> None:
        output: dict[str, Any] = {"sinks": sinks, "jsonl_file": str(self._records)}
        if "socket" in sinks:
            output["socket"] = str(self.socket)
        lines = [f"{key} = {json.dumps(value)}" for key, value in output.items()]  # JSON's texts are TOML's
        self._config.write_text("\n".join([self._text, "[output]", *lines, ""]), "utf-8")

    def _listen(self) -> None:
        with suppress(OSError):  # closed
            while message := self._manager.recv(4096):
                if message == b"READY=1":
                    self._ready.put(None)

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + _READY_S
        while time.monotonic() < end and self._process.poll() is None:
            with suppress(queue.Empty):
                return self._ready.get(timeout=_STEP_S)
        raise BackendError(f"the service is not ready: {self._log.read_text('utf-8').strip()[-500:]}")

    def _cpu_s(self) -> float:
        """CPU time of all its threads, those that have ended too: the clock of clock_getcpuclockid(3)."""
        return time.clock_gettime((~self._process.pid << 3) | 2)

    def _rss_mb(self) -> float:
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
