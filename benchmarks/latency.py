"""How long a frame takes: the app's pipeline, stage by stage, beside the bare landmark model."""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.environment import Watch, bundle_facts, describe, peak_rss_mb
from benchmarks.first_result import first_result_seconds
from edge.build import build_pipeline, build_source, load_bundle
from edge.core import features
from edge.core.bundle import Bundle
from edge.core.errors import SourceError
from edge.core.types import Frame, FrameSource
from edge.landmarks.litert import LitertBackend
from edge.pipeline import Pipeline
from edge.settings import Settings
from edge.sources import source_name

SCHEMA = 1
"""Version of the result."""

STAGES = ("landmarks", "features", "classify", "smooth")
CLASSIFIER_CALLS = 1000

FEW_FRAMES = 100
"""Below this, the 99th percentile is hardly more than the maximum."""


class Meter:
    """One pipeline, and what each frame cost it.

    Where the landmark backend runs on our own interpreter, every frame is followed by a bare
    invoke of that interpreter on the input it still holds: the floor that no frame can go below.
    """

    def __init__(self, pipeline: Pipeline, frames: int) -> None:
        backend = pipeline.backend
        self._pipeline = pipeline
        self._bare_invoke = backend.invoke_landmark_model if isinstance(backend, LitertBackend) else None
        # Made before the run, so that measuring does not allocate.
        self._frame_ns = np.zeros(frames, np.int64)
        self._invoke_ns = np.zeros(frames, np.int64)
        self._stages_ns = np.zeros((frames, len(STAGES)), np.int64)
        self._cpu_ns = np.zeros(frames, np.int64)
        self._faces = np.zeros(frames, np.int64)

    def process(self, frame: Frame, row: int) -> None:
        """Run the pipeline once and write the costs into ``row``."""
        cpu_started = time.process_time_ns()
        started = time.perf_counter_ns()
        prediction = self._pipeline.process(frame)
        ended = time.perf_counter_ns()
        self._cpu_ns[row] = time.process_time_ns() - cpu_started
        self._frame_ns[row] = ended - started
        timings = prediction.timings
        self._stages_ns[row] = (
            timings.landmarks_ns,
            timings.features_ns,
            timings.classify_ns,
            timings.smooth_ns,
        )
        self._faces[row] = len(prediction.faces)
        if self._bare_invoke is not None:
            started = time.perf_counter_ns()
            self._bare_invoke()
            self._invoke_ns[row] = time.perf_counter_ns() - started

    def classifier_alone_ns(self, bundle: Bundle) -> NDArray[np.int64]:
        """The classifier called again and again, with nothing between: what it costs in warm caches.

        Within a frame it finds the caches full of the landmark model, which the stage ``classify``
        shows.
        """
        inputs = [np.zeros(features.LENGTHS[entry.name], np.float32) for entry in bundle.inputs]
        costs = np.zeros(CLASSIFIER_CALLS, np.int64)
        for row in range(CLASSIFIER_CALLS):
            started = time.perf_counter_ns()
            self._pipeline.classifier.predict(inputs)
            costs[row] = time.perf_counter_ns() - started
        return costs

    def result(self, warmup: int) -> dict[str, Any]:
        """The figures of every row after the first ``warmup``."""
        frame_ms = percentiles_ms(self._frame_ns[warmup:])
        invoke_ms = percentiles_ms(self._invoke_ns[warmup:]) if self._bare_invoke is not None else None
        faces = self._faces[warmup:]
        return {
            "frame_ms": frame_ms,
            "landmark_invoke_ms": invoke_ms,
            "frame_over_invoke_p50": round(frame_ms["p50"] / invoke_ms["p50"], 3) if invoke_ms else None,
            "stages_ms": {
                stage: percentiles_ms(self._stages_ns[warmup:, column]) for column, stage in enumerate(STAGES)
            },
            "cpu_ms_per_frame": round(float(self._cpu_ns[warmup:].mean()) / 1e6, 4),
            "faces": {
                "total": int(faces.sum()),
                "frames_with_face": int((faces > 0).sum()),
                "most_in_a_frame": int(faces.max()),
            },
        }


def percentiles_ms(ns: NDArray[np.int64]) -> dict[str, float]:
    """p50, p90, p99 and max of durations in ns, as ms; linear interpolation between two values."""
    p50, p90, p99 = np.percentile(ns, (50, 90, 99)) / 1e6
    return {
        name: round(float(value), 4)
        for name, value in (("p50", p50), ("p90", p90), ("p99", p99), ("max", ns.max() / 1e6))
    }


def benchmark(
    settings: Settings, frames: int, warmup: int, against: Settings | None = None
) -> dict[str, Any]:
    """Time the pipeline that ``settings`` describe.

    Args:
        settings: as the app takes them.
        frames: measured frames, ≥ 1. A source that ends before is read again from its start.
        warmup: frames that are processed before the measured ones.
        against: a second pipeline; both get each frame, and take turns in being first.

    Returns:
        The JSON result that ``docs/benchmarks.md`` describes, without ``command``.

    Raises:
        FerError: a part is missing, or the source gives no frame.
    """
    watch = Watch()
    bundle = load_bundle(settings.bundle)
    with ExitStack() as closing:
        meters = []
        for each in filter(None, (settings, against)):
            pipeline = build_pipeline(each)
            closing.callback(pipeline.close)
            meters.append(Meter(pipeline, warmup + frames))
        source = build_source(_unpaced(settings))
        closing.callback(source.close)
        # Before the source is read: a camera lets in one process at a time.
        first_results = first_result_seconds(settings)
        watch.restart()
        source_ns, size = _run(source, meters, warmup + frames)
    warnings = watch.warnings()
    if frames < FEW_FRAMES:
        warnings.append(f"{frames} frames are few: p99 needs at least {FEW_FRAMES}")
    return {
        "kind": "latency",
        "schema": SCHEMA,
        "source": source_name(settings.source),
        "landmarks": settings.landmarks.backend,
        "n": frames,
        "warmup": warmup,
        "frame_size": size,
        **meters[0].result(warmup),
        "classifier_alone_ms": percentiles_ms(meters[0].classifier_alone_ns(bundle)),
        "source_ms": percentiles_ms(source_ns[warmup:]),
        # With two pipelines in one process, its memory belongs to neither.
        "peak_rss_mb": None if against else round(peak_rss_mb(), 1),
        "first_result_s": round(statistics.median(first_results), 4),
        "first_result_runs_s": [round(seconds, 4) for seconds in first_results],
        "against": _compare(meters, warmup, against) if against else None,
        "warnings": warnings,
        "bundle": bundle_facts(bundle),
        "environment": describe(settings.landmarks, watch.load_before),
    }


def _unpaced(settings: Settings) -> Settings:
    """Settings under which the demo does not wait for the times of a camera: next frame at once, as in
    MLPerf's single stream. 240 Hz is the most that a setting may ask for."""
    if settings.source != "demo":
        return settings
    return replace(settings, camera=replace(settings.camera, fps=240.0))


def _run(source: FrameSource, meters: list[Meter], frames: int) -> tuple[NDArray[np.int64], list[int]]:
    """Give ``frames`` frames to every meter. Returns ns spent waiting for each, and (width, height)."""
    source_ns = np.zeros(frames, np.int64)
    size: list[int] = []
    feed = _endless(source)
    for row in range(frames):
        started = time.perf_counter_ns()
        frame = next(feed)
        source_ns[row] = time.perf_counter_ns() - started
        size = size or [frame.rgb.shape[1], frame.rgb.shape[0]]
        # Whoever comes second finds the frame in the CPU's cache: take turns.
        for meter in meters if row % 2 == 0 else reversed(meters):
            meter.process(frame, row)
    return source_ns, size


def _endless(source: FrameSource) -> Iterator[Frame]:
    """The frames of a source; after the last one, the first one again."""
    while True:
        empty = True
        for frame in source:
            empty = False
            yield frame
        if empty:
            raise SourceError("the source gave no frame: expected at least one that decodes")


def _compare(meters: list[Meter], warmup: int, against: Settings) -> dict[str, Any]:
    ours, theirs = (meter.result(warmup) for meter in meters)
    return {
        "backend": against.landmarks.backend,
        "bundle": bundle_facts(load_bundle(against.bundle)),
        **theirs,
        "ratio_p50": round(theirs["frame_ms"]["p50"] / ours["frame_ms"]["p50"], 3),
    }


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    width, height = result["frame_size"]
    faces, against, invoke_ms = result["faces"], result["against"], result["landmark_invoke_ms"]
    lines = [
        f"{result['source']}, {width}×{height}, {result['n']} frames after {result['warmup']} of warm-up, "
        f"landmarks {result['landmarks']}, bundle {result['bundle']['name']}",
        _row("ms", *(f"{name:>8}" for name in result["frame_ms"])),
        _times("frame", result["frame_ms"]),
        *(_times(f"  {stage}", values) for stage, values in result["stages_ms"].items()),
    ]
    if invoke_ms:
        lines.append(_times("landmark invoke", invoke_ms))
    if against:
        theirs = f"{against['backend']}, {against['bundle']['name']}"
        lines.append(_times(f"frame, {theirs}", against["frame_ms"]))
    lines.append(_times("classifier alone", result["classifier_alone_ms"]))
    lines.append(_times("source", result["source_ms"]))
    lines.append(_row("faces", f"in {faces['frames_with_face']} of {result['n']} frames"))
    if invoke_ms:
        lines.append(_row("frame / invoke", f"{result['frame_over_invoke_p50']:.2f} (p50)"))
    if against:
        lines.append(_row("… over ours", f"{against['ratio_p50']:.2f} (frame p50)"))
    lines.append(_row("CPU per frame", f"{result['cpu_ms_per_frame']:.2f} ms"))
    if result["peak_rss_mb"]:
        lines.append(_row("peak memory", f"{result['peak_rss_mb']:.1f} MB"))
    lines.append(_row("first result", f"{result['first_result_s']:.3f} s after the first import"))
    return "\n".join(lines)


def _times(name: str, values: dict[str, float]) -> str:
    return _row(name, *(f"{value:8.3f}" for value in values.values()))


def _row(name: str, *cells: str) -> str:
    return f"{name:<24} {' '.join(cells)}"
