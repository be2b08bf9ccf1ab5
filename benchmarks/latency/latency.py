"""How long a frame takes: the app's pipeline, stage by stage, beside the bare landmark model."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.demo import unpaced_demo
from benchmarks.latency.first_result import first_result_seconds
from benchmarks.latency.footprint import RSS_EVERY, growth_kb, install_mb, peak_rss_mb, rss_bytes
from benchmarks.latency.meter import Meter, percentiles_ms
from benchmarks.latency.recorder import Recorder
from benchmarks.machine.environment import Watch, bundle_facts, delegate, describe
from benchmarks.report.kinds import head
from edge.build import build_pipeline, build_source, load_bundle
from edge.core.address import shown
from edge.core.errors import SourceError
from edge.core.memory import trim_heap
from edge.core.protocols import FrameSource
from edge.core.types import Frame
from edge.settings import Settings

FEW_FRAMES = 100
"""Frames below which the 99th percentile is hardly more than the maximum."""


class Measured(NamedTuple):
    """The figures of a run beside those of its meters."""

    source_ns: NDArray[np.int64]
    """int64 (N,): waiting for each frame of the source, ns, warm-up included."""
    memory: dict[str, float | None]
    """The keys of the JSON result about memory."""
    size: list[int]
    """Width and height of the first frame, px."""


def benchmark(
    settings: Settings, frames: int, warmup: int, against: Settings | None = None, seconds: float = 0.0
) -> dict[str, Any]:
    """Time the pipeline that ``settings`` describe.

    Args:
        settings: settings of the app.
        frames: smallest number of measured frames, ≥ 1. A source that ends earlier starts again.
        warmup: number of frames before the measured ones.
        against: settings of a second pipeline; both get each frame, and take turns in being first.
        seconds: shortest duration of the measurement; it goes on until both minimums are reached.

    Raises:
        MienError: a model or a bundle is missing, or the source gives no frame.
        OSError: the disk for temporary files is full.
    """
    watch = Watch()
    bundle = load_bundle(settings.bundle)
    with ExitStack() as stack:
        meters = [_meter(each, stack) for each in filter(None, (settings, against))]
        source = stack.enter_context(closing(_source(settings)))
        # Before the source is read: a camera lets in one process at a time, and one without frames ends here.
        first_results = first_result_seconds(settings)
        trim_heap()  # as the app does before its first frame
        watch.restart()
        measured = _run(source, meters, warmup, frames, seconds, watch)
        warnings = watch.stop()
        ours, *theirs = (meter.result(warmup) for meter in meters)
        classifier_ms = percentiles_ms(meters[0].classifier_alone_ns())
    n = len(measured.source_ns) - warmup
    if n < FEW_FRAMES:
        warnings.append(f"{n} frames are few: p99 needs at least {FEW_FRAMES}")
    if theirs:  # two pipelines share the process's memory, and the second one's frame waits for the first
        ours["age_ms"] = None
    return {
        **head("latency"),
        "source": shown(settings.source),
        "landmarks": settings.landmarks.backend,
        "n": n,
        "warmup": warmup,
        "seconds": round(watch.seconds, 2),
        "frame_size": measured.size,
        **ours,
        "classifier_alone_ms": classifier_ms,
        "source_ms": percentiles_ms(measured.source_ns[warmup:]),
        **(dict.fromkeys(measured.memory) if theirs else measured.memory),
        "install_mb": install_mb(settings.landmarks.backend),
        # NumPy's median: the module statistics would count as the app's memory.
        "first_result_s": round(float(np.median(first_results)), 4),
        "first_result_runs_s": [round(each, 4) for each in first_results],
        "against": _compare(ours, theirs[0], against) if against else None,
        "warnings": warnings,
        "bundle": bundle_facts(bundle),
        "environment": {
            **describe(settings.landmarks, watch.load_before),
            "delegate": delegate(settings.landmarks),
            **watch.heat.result(),
        },
    }


def _meter(settings: Settings, stack: ExitStack) -> Meter:
    pipeline = build_pipeline(settings)
    stack.callback(pipeline.close)
    return stack.enter_context(closing(Meter(pipeline)))


def _source(settings: Settings) -> FrameSource:
    """The app's source; a demo does not wait as a camera does, but gives the next frame at once, as in the
    single stream of MLPerf."""
    return unpaced_demo(settings.landmarks) if settings.source == "demo" else build_source(settings)


def _run(
    source: FrameSource, meters: list[Meter], warmup: int, frames: int, seconds: float, watch: Watch
) -> Measured:
    """Give frames to every meter until there are enough and the time is over."""
    feed, size, ends, row = _endless(source), [0, 0], 0.0, 0
    with closing(Recorder("ns")) as waits, closing(Recorder("bytes")) as samples:
        while row < warmup + frames or time.perf_counter() < ends:
            if row == warmup:
                ends = time.perf_counter() + seconds
            if row >= warmup and (row - warmup) % RSS_EVERY == 0:
                samples.add(rss_bytes() or 0)
            watch.heat.sample_if_due()
            started = time.perf_counter_ns()
            frame = next(feed)
            waits.add(time.perf_counter_ns() - started)
            size = size if row else [frame.rgb.shape[1], frame.rgb.shape[0]]
            # Whoever comes second finds the frame in the CPU's cache: take turns.
            for meter in meters if row % 2 == 0 else reversed(meters):
                meter.process(frame)
            row += 1
        peak, end = peak_rss_mb(), rss_bytes()  # before the rows come back into memory
        return Measured(waits.rows()["ns"], _memory(samples.rows()["bytes"], peak, end), size)


def _memory(samples: NDArray[np.int64], peak: float, end: int | None) -> dict[str, float | None]:
    """The keys of the JSON result about memory; None where the system does not tell."""
    told = end is not None
    return {
        "peak_rss_mb": round(peak, 1),
        "start_rss_mb": round(float(samples[0]) / 1e6, 1) if told else None,
        "end_rss_mb": round(end / 1e6, 1) if end is not None else None,
        "rss_growth_kb_per_1000_frames": growth_kb(samples, RSS_EVERY) if told else None,
    }


def _endless(source: FrameSource) -> Iterator[Frame]:
    """The frames of a source; after the last one, the first one again."""
    while True:
        empty = True
        for frame in source:
            empty = False
            yield frame
        if empty:
            raise SourceError("the source gave no frame: expected at least one that decodes")


def _compare(ours: dict[str, Any], theirs: dict[str, Any], against: Settings) -> dict[str, Any]:
    return {
        "backend": against.landmarks.backend,
        "bundle": bundle_facts(load_bundle(against.bundle)),
        **theirs,
        "age_ms": None,
        "ratio_p50": round(theirs["frame_ms"]["p50"] / ours["frame_ms"]["p50"], 3),
    }
