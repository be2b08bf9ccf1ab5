"""The near end of a worker of ``python -m benchmarks matrix``."""

import json
import os
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge.core.errors import BackendError

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

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Its answer to a message.

        Raises:
            BackendError: it cannot, or the process is gone; with the reason.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise BackendError(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BackendError(answer["error"])
        return answer

    def close(self) -> None:
        """End it and wait, so that its CPU time counts as ours."""
        self._process.communicate()
        self._errors.close()

    def _last_words(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"its process ended with {code}: {lines[-1] if lines else 'no message'}"
