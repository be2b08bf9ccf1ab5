"""A process in another environment, seen from the benchmark: a worker of ``matrix`` or of ``peers``."""

import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from edge.core.errors import BackendError

ANSWER_S = 120.0
"""Seconds for an answer: to build a pipeline of other packages may take a while."""
END_S = 10.0
"""Seconds that a process has to end by itself."""

_ROOT = Path(__file__).resolve().parents[2]


def kill_group(process: subprocess.Popen[Any]) -> None:
    """Kill a process that leads a session of its own, with all that it started, even if it has ended."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def run_module(name: str) -> tuple[str, ...]:
    """The arguments with which Python runs a module of ours, from the checkout alone."""
    return ("-P", "-m", name)


def with_checkout() -> dict[str, str]:
    """The environment variables with which a Python of this environment finds our packages."""
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path}


class Worker:
    """A process that answers JSON lines."""

    def __init__(
        self,
        program: str,
        arguments: Sequence[str] = run_module("benchmarks.matrix.worker"),
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Start the process, with ``variables`` added to our environment variables.

        Raises:
            OSError: there is no such program.
        """
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (close() closes it)
        try:
            self._process = subprocess.Popen(
                [program, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                # The checkout alone: packages of this environment must not get into another one.
                env={**os.environ, **(variables or {}), "PYTHONPATH": str(_ROOT)},
                start_new_session=True,
            )
        except OSError:
            self._errors.close()
            raise

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def ask(
        self, message: dict[str, Any], limit_s: float = ANSWER_S, attachment: bytes = b""
    ) -> dict[str, Any]:
        """The answer to a message, which is sent as a JSON line; the bytes of ``attachment`` follow it.

        After ``limit_s`` seconds without an answer the process is killed.

        Raises:
            BackendError: the answer is an error, or the process has ended or was killed; with the reason.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._killed_after(limit_s):
            with suppress(BrokenPipeError):
                self._process.stdin.write(json.dumps(message).encode() + b"\n" + attachment)
                self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise BackendError(self._reason())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BackendError(answer["error"])
        return answer

    def close(self) -> None:
        """End the process and wait, so that its CPU time counts as ours; it is killed if it does not end."""
        with self._errors, self._process:  # closes the pipes and waits
            try:
                self._process.communicate(timeout=END_S)
            except subprocess.TimeoutExpired:
                kill_group(self._process)
            except BaseException:  # Ctrl-C is pressed once more
                kill_group(self._process)
                raise

    @contextmanager
    def _killed_after(self, limit_s: float) -> Iterator[None]:
        """Kill the process when the time is over, which ends writing to it and reading from it."""
        late = threading.Event()

        def give_up() -> None:
            late.set()
            kill_group(self._process)

        timer = threading.Timer(limit_s, give_up)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
        if late.is_set():
            raise BackendError(f"its process gave no answer within {limit_s:g} s")

    def _reason(self) -> str:
        """The reason why there is no answer; a process that has closed its stdout, but goes on, is killed."""
        try:
            code = self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            kill_group(self._process)
            self._process.wait()
            return "its process closed its stdout and went on"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        reason = f"its process ended with {code}: {lines[-1] if lines else 'no message'}"
        return f"{reason}; {_killed_by(-code)}" if code < 0 else reason


def _killed_by(number: int) -> str:
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    return f"killed by {name}, out of memory?" if number == signal.SIGKILL else f"killed by {name}"
