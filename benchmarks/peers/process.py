"""A peer in its own process and environment, as a system like those of ours."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.systems.system import Answer, Probabilities
from benchmarks.workers.process import ANSWER_S, Worker, run_module
from edge.core.errors import BackendError

OPEN_S = 300.0
"""Seconds for importing and building a recognizer of another package."""
_THREADS = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
_VARIABLES = {**{f"{name}_THREADS": "1" for name in _THREADS}, "CUDA_VISIBLE_DEVICES": ""}
"""One thread and no GPU, for libraries that ask the environment; others take what they like (CPU time shows
how many threads)."""


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """The answer of a peer to a picture, and its cost."""

    probabilities: Probabilities | None
    """float32 (C,); None: no face found."""
    ns: int
    """Wall time within the peer's process, ns, without the way there and back."""
    cpu_ns: int
    """CPU time of all threads of its process meanwhile, ns, and of the processes that it names."""


class RemoteSystem:
    """A ``benchmarks.systems.system.System`` in the environment of a peer."""

    min_confidence = 0.0

    def __init__(self, python: Path, file: Path, labels: tuple[str, ...]) -> None:
        """Start the process and build the recognizer; see ``benchmarks.peers.registry.Peer``.

        Raises:
            BackendError: the process does not start, or cannot build it; the message has the reason.
        """
        self.labels = labels
        try:
            self._worker = Worker(str(python), run_module("benchmarks.peers.worker"), _VARIABLES)
        except OSError as error:
            raise BackendError(f"cannot run {python}: {error.strerror}") from None
        try:
            self.tracks: bool = self._worker.ask({"open": str(file.resolve())}, OPEN_S)["tracks"]
            """Whether it treats single pictures and frames of a camera differently."""
        except BaseException:
            self._worker.close()
            raise

    def answer(self, rgb: NDArray[np.uint8]) -> Answer | None:
        """See ``System``.

        Raises:
            BackendError: it fails, or its answer is not probabilities.
        """
        probabilities = self.timed_answer(rgb).probabilities
        return None if probabilities is None else Answer(probabilities)

    def timed_answer(self, rgb: NDArray[np.uint8], tracked: bool = False) -> TimedAnswer:
        """The answer to a picture and its cost; ``tracked``: to the next frame of a camera.

        Raises:
            BackendError: see ``answer``.
        """
        message = {"answer": rgb.shape[:2], "tracked": tracked}
        said = self._worker.ask(message, ANSWER_S, rgb.tobytes())
        return TimedAnswer(self._checked(said["probabilities"]), said["ns"], said["cpu_ns"])

    def peak_rss_mb(self) -> float:
        """Peak memory of its process so far, MB (10^6 bytes), with that of the processes that it names."""
        return float(self._worker.ask({"peak": True})["peak_rss_mb"])

    def software(self) -> dict[str, Any]:
        """Its ``python`` and ``packages`` with versions. Asking adds to the memory of its process."""
        return self._worker.ask({"describe": True})

    def close(self) -> None:
        """End the process."""
        self._worker.close()

    def _checked(self, values: list[float] | None) -> Probabilities | None:
        if values is None:
            return None
        if len(values) != len(self.labels):
            raise BackendError(
                f"expected {len(self.labels)} probabilities, one for each label: got {len(values)}"
            )
        if not all(math.isfinite(value) and value >= 0 for value in values) or not sum(values) > 0:
            raise BackendError(f"expected probabilities: got {values}")
        return np.array(values, np.float32)
