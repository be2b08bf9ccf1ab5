"""The near end of a peer's process: a recognizer of another package, as if it were one of ours."""

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
"""For importing and building what others wrote."""
_THREADS = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
_VARIABLES = {**{f"{name}_THREADS": "1" for name in _THREADS}, "CUDA_VISIBLE_DEVICES": ""}
"""One thread and no GPU, for libraries that ask the environment; others take what they like (CPU time shows
how many threads)."""


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """What a peer said of a picture, and what it took."""

    probabilities: Probabilities | None
    """float32 (C,); None: no face found."""
    ns: int
    """Wall time within its process, without the way there and back."""
    cpu_ns: int
    """CPU time of all threads of its process meanwhile, and of those that it names as its own."""


class RemoteSystem:
    """A ``benchmarks.systems.system.System`` that lives in the environment of a peer."""

    min_confidence = 0.0

    def __init__(self, python: Path, file: Path, labels: tuple[str, ...]) -> None:
        """Start its process and build it.

        Args:
            python: the interpreter of its environment.
            file: of the peer.
            labels: see ``benchmarks.peers.registry.Peer``.

        Raises:
            BackendError: it cannot, with the reason.
        """
        self.labels = labels
        try:
            self._worker = Worker(str(python), run_module("benchmarks.peers.worker"), _VARIABLES)
        except OSError as error:
            raise BackendError(f"cannot run {python}: {error.strerror}") from None
        try:
            self.tracks: bool = self._worker.ask({"open": str(file.resolve())}, OPEN_S)["tracks"]
            """Whether it makes a difference between single pictures and frames of a camera."""
        except BaseException:
            self._worker.close()
            raise

    def answer(self, rgb: NDArray[np.uint8]) -> Answer | None:
        """See ``System``.

        Raises:
            BackendError: it cannot, or answers something else than probabilities.
        """
        probabilities = self.timed_answer(rgb).probabilities
        return None if probabilities is None else Answer(probabilities)

    def timed_answer(self, rgb: NDArray[np.uint8], tracked: bool = False) -> TimedAnswer:
        """The answer and its costs.

        Args:
            rgb: uint8 (H, W, 3).
            tracked: a frame of a camera, which follows that of the last such call.

        Raises:
            BackendError: see ``answer``.
        """
        message = {"answer": rgb.shape[:2], "tracked": tracked}
        said = self._worker.ask(message, ANSWER_S, rgb.tobytes())
        return TimedAnswer(self._checked(said["probabilities"]), said["ns"], said["cpu_ns"])

    def peak_rss_mb(self) -> float:
        """The most memory that its process has held so far, MB (10^6 bytes), and those that it names."""
        return float(self._worker.ask({"peak": True})["peak_rss_mb"])

    def software(self) -> dict[str, Any]:
        """Versions of its ``python`` and ``packages``. Asking adds to the memory of its process."""
        return self._worker.ask({"describe": True})

    def close(self) -> None:
        """End its process."""
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
