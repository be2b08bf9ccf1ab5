"""The cost of each frame for a pipeline, and the figures of all of them."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.latency.recorder import Recorder
from edge.core.types import Frame
from edge.landmarks.litert import LitertBackend
from edge.pipeline import Pipeline

STAGES = ("landmarks", "features", "classify", "smooth")
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9}
CLASSIFIER_CALLS = 1000
"""Calls of the bare classifier that are timed."""

_COLUMNS = ("frame", "invoke", "cpu", "age", "faces", *STAGES)
"""Columns of a frame's row: times in ns, and the number of faces."""


Measure = Callable[[], int]
"""Makes one measurement and gives its duration, ns."""


def timed(run: Callable[[], Any]) -> Measure:
    """Measures one call of ``run`` at a time."""

    def measure() -> int:
        started = time.perf_counter_ns()
        run()
        return time.perf_counter_ns() - started

    return measure


class Meter:
    """One pipeline, and the cost of each frame.

    Where the landmark backend runs on our own interpreter, every frame is followed by a bare
    invoke of that interpreter on the input it still holds: the floor that no frame can go below.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        backend = pipeline.backend
        self._pipeline = pipeline
        self._invoke_ns = timed(backend.invoke_landmark_model) if isinstance(backend, LitertBackend) else None
        self._recorder = Recorder(*_COLUMNS)

    def process(self, frame: Frame) -> None:
        """Run the pipeline on a frame and record the costs."""
        cpu_started = time.process_time_ns()
        started = time.perf_counter_ns()
        prediction = self._pipeline.process(frame)
        frame_ns = time.perf_counter_ns() - started
        cpu_ns = time.process_time_ns() - cpu_started
        invoke_ns = self._invoke_ns() if self._invoke_ns else 0
        timings = prediction.timings
        stages = (getattr(timings, f"{stage}_ns") for stage in STAGES)
        self._recorder.add(frame_ns, invoke_ns, cpu_ns, timings.age_ns, len(prediction.faces), *stages)

    def classifier_alone_ns(self) -> NDArray[np.int64]:
        """Durations of the classifier, called with nothing between, int64 (N,), ns: its cost in warm caches.

        Within a frame it finds the caches full of the landmark model, which the stage ``classify``
        shows.
        """
        inputs = [np.zeros(each.shape, each.dtype) for each in self._pipeline.classifier.inputs]
        predict_ns = timed(partial(self._pipeline.classifier.predict, inputs))
        return np.array([predict_ns() for _ in range(CLASSIFIER_CALLS)], np.int64)

    def result(self, warmup: int) -> dict[str, Any]:
        """The figures of every frame after the first ``warmup``."""
        rows = self._recorder.rows(skip=warmup)
        frame_ms = percentiles_ms(rows["frame"])
        invoke_ms = percentiles_ms(rows["invoke"]) if self._invoke_ns else None
        return {
            "frame_ms": frame_ms,
            "landmark_invoke_ms": invoke_ms,
            "frame_over_invoke_p50": round(frame_ms["p50"] / invoke_ms["p50"], 3) if invoke_ms else None,
            "p99_over_p50": _tails(frame_ms, invoke_ms),
            "drift_p50": drift(rows["frame"]),
            "stages_ms": {stage: percentiles_ms(rows[stage]) for stage in STAGES},
            "age_ms": percentiles_ms(rows["age"]),
            "fps": round(1e9 / float(rows["frame"].mean()), 2),
            "cpu_ms_per_frame": round(float(rows["cpu"].mean()) / 1e6, 4),
            "faces": {
                "total": int(rows["faces"].sum()),
                "frames_with_face": int((rows["faces"] > 0).sum()),
                "most_in_a_frame": int(rows["faces"].max()),
            },
        }

    def close(self) -> None:
        """Discard the rows; the caller closes the pipeline."""
        self._recorder.close()


def percentiles_ms(ns: NDArray[np.int64]) -> dict[str, float]:
    """``PERCENTILES`` and maximum of durations int64 (N,), ns, in ms, with linear interpolation."""
    values = np.percentile(ns, [*PERCENTILES.values(), 100.0]) / 1e6
    return {name: round(float(value), 4) for name, value in zip([*PERCENTILES, "max"], values, strict=True)}


def drift(ns: NDArray[np.int64]) -> float | None:
    """Median of the last tenth of the durations over that of the first tenth; None below 100 durations.

    Heat that slows the clock in a long run shows here.
    """
    tenth = len(ns) // 10
    return round(float(np.median(ns[-tenth:]) / np.median(ns[:tenth])), 3) if tenth >= 10 else None


def _tails(frame_ms: dict[str, float], invoke_ms: dict[str, float] | None) -> dict[str, float | None]:
    """How long the tails are: other load on the machine lengthens both, the pipeline only the first."""
    frame = frame_ms["p99"] / frame_ms["p50"]
    invoke = invoke_ms["p99"] / invoke_ms["p50"] if invoke_ms else None
    return {
        "frame": round(frame, 3),
        "invoke": round(invoke, 3) if invoke else None,
        "frame_over_invoke": round(frame / invoke, 3) if invoke else None,
    }
