"""The process that runs a peer in its environment; it needs NumPy, and answers JSON lines.

It takes lines from stdin, pictures as raw bytes behind their line, and answers each on stdout:

- ``{"open": PATH}`` of a peer's file → ``{"tracks": B}``: it is built, and B says whether it has ``track``.
- ``{"answer": [H, W], "tracked": T}`` and H × W × 3 bytes, RGB → ``{"probabilities": [...] or null, "ns": N,
  "cpu_ns": N}``. Tracked: a frame of a camera, the next one after that of the last such message.
- ``{"peak": true}`` → ``{"peak_rss_mb": X}``.
- ``{"describe": true}`` → ``{"python": VERSION, "packages": {NAME: VERSION}}``. The time and
  the memory that this takes are not the peer's.

Failures are answered with ``{"error": REASON}``.
"""

import importlib.util
import json
import platform
import sys
import time
from functools import partial
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from benchmarks.latency.footprint import peak_rss_mb
from benchmarks.workers.child import attempt, say, take_stdout


def main() -> None:
    """Serve until stdin ends."""
    answers = take_stdout()
    peer = _Peer()
    for line in iter(sys.stdin.buffer.readline, b""):
        message = json.loads(line)
        picture = _picture(sys.stdin.buffer, message["answer"]) if "answer" in message else None
        say(answers, attempt(partial(peer.serve, message, picture)))


class _Peer:
    """The recognizer of a peer's file, once it is opened."""

    def __init__(self) -> None:
        self._recognizer: Any = None
        self._processes: tuple[int, ...] = ()
        """Numbers of the processes that it runs beside this one."""

    def serve(self, message: dict[str, Any], picture: NDArray[np.uint8] | None) -> dict[str, Any]:
        if "open" in message:
            self._recognizer = load(Path(message["open"])).Recognizer()
            self._processes = tuple(getattr(self._recognizer, "processes", ()))
            return {"tracks": hasattr(self._recognizer, "track")}
        if "describe" in message:
            versions = {package.metadata["Name"]: package.version for package in distributions()}
            versions |= getattr(self._recognizer, "packages", {})
            return {"python": platform.python_version(), "packages": dict(sorted(versions.items()))}
        if "peak" in message:
            return {"peak_rss_mb": peak_rss_mb(self._processes)}
        answer = self._recognizer.answer
        if message["tracked"]:
            answer = getattr(self._recognizer, "track", answer)
        cpu_started, started = self._cpu_ns(), time.perf_counter_ns()
        probabilities = answer(picture)
        ns, cpu_ns = time.perf_counter_ns() - started, self._cpu_ns() - cpu_started
        found = None if probabilities is None else [float(value) for value in probabilities]
        return {"probabilities": found, "ns": ns, "cpu_ns": cpu_ns}

    def _cpu_ns(self) -> int:
        # A process's clock by its number, as clock_getcpuclockid(3) gives it on Linux.
        clocks = (~pid << 3 | 2 for pid in self._processes)
        return time.process_time_ns() + sum(map(time.clock_gettime_ns, clocks))


def load(path: Path) -> ModuleType:
    """Load a peer's file as a module.

    Raises:
        Exception: whatever the file raises.
    """
    spec = importlib.util.spec_from_file_location(f"peer_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _picture(stream: BinaryIO, shape: list[int]) -> NDArray[np.uint8]:
    height, width = shape
    pixels = bytearray(stream.read(3 * height * width))  # and not bytes: some packages want to write into it
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)


if __name__ == "__main__":
    main()
