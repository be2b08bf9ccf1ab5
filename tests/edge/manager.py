"""``mien run`` under a service manager that the test plays."""

import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60.0
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
}


class Manager:
    """Starts ``edge run``, reads its standard output line by line, and takes what it tells systemd."""

    def __init__(self, folder: Path, text: str, **environment: str) -> None:
        self.config = folder / "mien.toml"
        self.config.write_text(text)
        self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        (folder / "notify").unlink(missing_ok=True)  # of a run before this one
        self._channel.bind(str(folder / "notify"))
        self._channel.settimeout(PATIENCE_S)
        self._errors = (folder / "stderr").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "edge", "run", "--config", str(self.config)],
            cwd=ROOT,
            env={**ENVIRONMENT, "NOTIFY_SOCKET": str(folder / "notify"), **environment},
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def told(self, pattern: str) -> str:
        """The next message that matches."""
        while True:
            message = self._channel.recv(4096).decode()
            if re.search(pattern, message):
                return message

    def records(self, until) -> list[dict]:
        """Records up to the first one for which ``until`` is true."""
        found = []
        while not found or not until(found[-1]):
            found.append(json.loads(self._lines.get(timeout=PATIENCE_S)))
        return found

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)
        message = self.told("RELOADING=1")
        assert re.search(r"^MONOTONIC_USEC=\d+$", message, re.MULTILINE)
        self.told("READY=1")

    def end(self) -> str:
        """SIGTERM; what it wrote to stderr."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE_S) == 0, self.errors()
        return self.errors()

    def errors(self) -> str:
        self._errors.seek(0)
        return self._errors.read()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._channel.close()
        self._errors.close()
