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
from edge.build import build_pipeline, build_source, load_bundle
from edge.core.address import shown
from edge.core.errors import SourceError
from edge.core.memory import trim_heap
from edge.core.protocols import FrameSource
from edge.core.types import Frame
from edge.settings import Settings

SCHEMA = 2
"""Version of the JSON result."""

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
        warmup: number of frames that are processed before the measured ones.
        against: settings of a second pipeline; both get each frame, and take turns in being first.
        seconds: shortest duration of the measurement; it goes on until both minimums are reached.

    Returns:
        The JSON result that ``docs/reference/benchmark-results.md`` describes, without ``command``.

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
        "kind": "latency",
        "schema": SCHEMA,
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


def table(result: dict[str, Any]) -> str:
    """The result as a table for people."""
    width, height = result["frame_size"]
    against, invoke_ms = result["against"], result["landmark_invoke_ms"]
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
    if result["age_ms"]:
        lines.append(_times("capture to result", result["age_ms"]))
    return "\n".join(lines + _ratios(result) + _footprint(result))


def _ratios(result: dict[str, Any]) -> list[str]:
    against, tails = result["against"], result["p99_over_p50"]
    lines = [_row("faces", f"in {result['faces']['frames_with_face']} of {result['n']} frames")]
    if result["landmark_invoke_ms"]:
        lines.append(_row("frame / invoke", f"{result['frame_over_invoke_p50']:.2f} (p50)"))
        parts = f"frame {tails['frame']:.2f}, invoke {tails['invoke']:.2f}"
        lines.append(_row("p99 / p50", f"{parts}, ratio {tails['frame_over_invoke']:.2f}"))
    if against:
        lines.append(_row("… over ours", f"{against['ratio_p50']:.2f} (frame p50)"))
    return lines


def _footprint(result: dict[str, Any]) -> list[str]:
    lines = [
        _row("frames per second", f"{result['fps']:.1f} (1 / mean frame)"),
        _row("CPU per frame", f"{result['cpu_ms_per_frame']:.2f} ms"),
    ]
    if result["peak_rss_mb"]:
        lines.append(_row("peak memory", f"{result['peak_rss_mb']:.1f} MB"))
    growth = result["rss_growth_kb_per_1000_frames"]
    if growth is not None:
        lines.append(_row("memory growth", f"{growth:.1f} kB per 1,000 frames"))
    if result["install_mb"]["total"]:
        lines.append(_row("packages on disk", f"{result['install_mb']['total']:.1f} MB"))
    lines.append(_row("first result", f"{result['first_result_s']:.3f} s after the first import"))
    return lines


def _times(name: str, values: dict[str, float]) -> str:
    return _row(name, *(f"{value:8.3f}" for value in values.values()))


def _row(name: str, *cells: str) -> str:
    return f"{name:<24} {' '.join(cells)}"
