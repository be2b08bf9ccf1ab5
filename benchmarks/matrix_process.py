"""The near end of a worker of ``python -m benchmarks matrix``."""

import json
import os
import select
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.core.errors import BackendError

ANSWER_S = 120.0
"""For an answer: building a pipeline of other people's packages may take a while."""
END_S = 10.0
"""For a process to end by itself."""

_ROOT = Path(__file__).resolve().parents[1]


class Worker:
    """One environment: a process of its Python that runs ``benchmarks.matrix_worker``."""

    def __init__(self, python: str) -> None:
        """Start it.

        Raises:
            OSError: there is no such Python.
        """
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (close() closes it)
        try:
            self._process = subprocess.Popen(
                [python, "-P", "-m", "benchmarks.matrix_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                # The checkout alone: packages of this environment must not get into another one.
                env={**os.environ, "PYTHONPATH": str(_ROOT)},
            )
        except OSError:
            self._errors.close()
            raise

    def ask(self, message: dict[str, Any], limit_s: float = ANSWER_S) -> dict[str, Any]:
        """Its answer to a message.

        Raises:
            BackendError: it cannot, or the process is gone or hangs (it is killed then); with the reason.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        # Of the answer before, nothing is left in the buffer: every answer is one line.
        if not select.select([self._process.stdout], [], [], limit_s)[0]:
            self._process.kill()
            raise BackendError(f"its process gave no answer within {limit_s:g} s")
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            raise BackendError(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BackendError(answer["error"])
        return answer

    def close(self) -> None:
        """End it and wait, so that its CPU time counts as ours. One that does not end by itself is killed."""
        with self._errors, self._process:  # closes the pipes and waits
            try:
                with suppress(subprocess.TimeoutExpired):
                    self._process.communicate(timeout=END_S)
            finally:  # also when Ctrl-C is pressed once more
                self._process.kill()

    def _last_words(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"its process ended with {code}: {lines[-1] if lines else 'no message'}"
