"""The loop: frames → predictions, until the source ends or the run is stopped."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from edge.core.protocols import FrameSource
from edge.core.types import Frame, Prediction, SourceStats, StageTimings

WINDOW = 10_000
"""Number of last frames over which percentiles are taken, so that memory does not grow in a run of years."""

_STAGES = tuple(field.name for field in fields(StageTimings))


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts and timings of a run."""

    frames: int
    faces: int
    seconds: float
    source: SourceStats
    percentiles_ms: dict[str, tuple[float, float, float]]
    """Stage → p50, p90, p99 in ms, over the last ``WINDOW`` frames. Empty without frames."""

    def __str__(self) -> str:
        rate = self.frames / self.seconds if self.seconds > 0 else 0.0
        lines = [
            f"{self.frames} frames, {self.faces} faces, {self.seconds:.1f} s, {rate:.1f} fps; "
            f"dropped {self.source.dropped}, skipped {self.source.skipped}, reopened {self.source.reopened}"
        ]
        if self.percentiles_ms:
            lines.append(f"{'ms':<10} {'p50':>8} {'p90':>8} {'p99':>8}")
        for stage, values in self.percentiles_ms.items():
            lines.append(f"{stage:<10} " + " ".join(f"{value:8.3f}" for value in values))
        return "\n".join(lines)


class TimingWindow:
    """The stage timings of the last frames, in constant memory."""

    def __init__(self, size: int = WINDOW) -> None:
        self._ns: NDArray[np.int64] = np.zeros((size, len(_STAGES)), np.int64)
        self._count = 0

    def add(self, timings: StageTimings) -> None:
        """Add one frame's timings, in place of the oldest."""
        row = self._ns[self._count % len(self._ns)]
        row[:] = [getattr(timings, stage) for stage in _STAGES]
        self._count += 1

    def percentiles_ms(self) -> dict[str, tuple[float, float, float]]:
        """Stage → p50, p90, p99, ms."""
        filled = self._ns[: min(self._count, len(self._ns))]
        if not len(filled):
            return {}
        table = np.percentile(filled, (50, 90, 99), axis=0) / 1e6
        return {
            stage.removesuffix("_ns"): (float(p50), float(p90), float(p99))
            for stage, (p50, p90, p99) in zip(_STAGES, table.T, strict=True)
        }


def run(
    source: FrameSource,
    process: Callable[[Frame], Prediction],
    write: Callable[[Prediction], None],
    clock: Callable[[], float],
    stop: threading.Event,
    limit: int | None = None,
    on_frame: Callable[[Prediction], None] | None = None,
) -> Summary:
    """Read the source to its end, to ``limit`` frames, or until ``stop`` is set.

    Args:
        source: closed by the caller, who may do so from another thread to end a wait for a camera.
        process: ``Pipeline.process``; called once for each frame.
        write: called with each prediction.
        clock: monotonic seconds, for the frame rate.
        stop: ends the loop; checked before each frame.
        limit: the most frames to process; None: no limit.
        on_frame: called after ``write``, e.g. to feed a service manager.

    Raises:
        SourceError, OSError: from ``source`` and ``write``.
    """
    window = TimingWindow()
    frames = faces = 0
    started = clock()
    for frame in source:
        if stop.is_set():
            break
        prediction = process(frame)
        write(prediction)
        if on_frame:
            on_frame(prediction)
        window.add(prediction.timings)
        frames += 1
        faces += len(prediction.faces)
        if frames == limit:
            break
    return Summary(frames, faces, clock() - started, source.stats, window.percentiles_ms())
