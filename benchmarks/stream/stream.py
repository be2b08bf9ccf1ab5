"""What the socket costs: the frames of one running service without it, with it, and with readers."""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.demo import unpaced_demo
from benchmarks.latency.meter import percentiles_ms
from benchmarks.machine.environment import Watch, bundle_facts, describe
from benchmarks.report.kinds import head
from benchmarks.stream.camera import PacedCamera
from benchmarks.stream.readers import Readers
from benchmarks.stream.service import Service
from edge.build import load_bundle
from edge.core.errors import BackendError, MienError
from edge.settings import Settings
from edge.sinks.socket import MAX_READERS

FPS = 30.0
MODES = ("without", "idle", "readers", "mesh")
"""Without the sink ``socket``; with it and no reader; with readers; with readers that want meshes."""
FEW_ROUNDS = 4
"""Rounds below which a ratio is little more than chance."""

_PICTURES = 240
_SETTLED = 0.1  # of a block's duration: readers connect, and what a change leaves behind is over
Block = dict[str, Any]
"""The figures of a mode in one round."""


def benchmark(settings: Settings, rounds: int, seconds: float, readers: int) -> dict[str, Any]:
    """Measure a service that reads a camera of ``FPS`` frames a second, in blocks of each mode in turn.

    The service has a core for itself; the camera and the readers have the others.

    Args:
        settings: face models and bundle of the service.
        rounds: number of blocks of each mode.
        seconds: duration of a block.
        readers: number of readers that read; a further one never does.

    Returns:
        The JSON result that ``docs/reference/benchmark-results.md`` describes, without ``command``.

    Raises:
        MienError: there is only one core, there are more readers than a service takes, a model or a bundle
            is missing, or the service does not start.
        OSError: the disk for temporary files is full.
    """
    if readers >= MAX_READERS:
        raise MienError(
            f"a service takes {MAX_READERS} readers, one of which never reads: not {readers} others"
        )
    watch = Watch()
    bundle = load_bundle(settings.bundle)
    blocks: dict[str, list[Block]] = {mode: [] for mode in MODES}
    with ExitStack() as stack:
        core = stack.enter_context(_others_off_a_core())
        camera = PacedCamera(_pictures(settings), FPS)
        camera.start()
        stack.callback(camera.stop)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        service = stack.enter_context(closing(Service(folder, _text(settings, camera.url), core)))
        service.measure(3 * _SETTLED * seconds)  # caches, clock, heap
        watch.restart()
        for number in range(rounds):
            for mode in MODES if number % 2 == 0 else reversed(MODES):
                blocks[mode].append(_block(service, mode, seconds, readers))
    warnings = watch.stop()
    if rounds < FEW_ROUNDS:
        warnings.append(f"{rounds} rounds are few: a ratio needs at least {FEW_ROUNDS}")
    return {
        **head("stream"),
        "fps": FPS,
        "readers": readers,
        "rounds": rounds,
        "seconds": seconds,
        "modes": {mode: _figures(blocks[mode]) for mode in MODES},
        "ratios": {mode: ratios(blocks[mode], blocks["without"]) for mode in MODES[1:]},
        "warnings": warnings,
        "bundle": bundle_facts(bundle),
        "environment": {**describe(settings.landmarks, watch.load_before), **watch.heat.result()},
    }


@contextmanager
def _others_off_a_core() -> Iterator[int]:
    """Keep this process off the first of its cores, whose number it gives."""
    cores = os.sched_getaffinity(0)
    if len(cores) < 2:
        raise MienError("two cores are needed, one of them for the service alone: this process may use one")
    core = min(cores)
    os.sched_setaffinity(0, cores - {core})
    try:
        yield core
    finally:
        os.sched_setaffinity(0, cores)


def _pictures(settings: Settings) -> list[bytes]:
    frames = islice(unpaced_demo(settings.landmarks), _PICTURES)
    return [cv2.imencode(".jpg", cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR))[1].tobytes() for frame in frames]


def _text(settings: Settings, url: str) -> str:
    values = {
        "source": url,
        "landmarks.models_dir": settings.landmarks.models_dir,
        "expression.bundle": settings.bundle,
    }
    return "\n".join(f"{key} = {json.dumps(value)}" for key, value in values.items())


def _block(service: Service, mode: str, seconds: float, readers: int) -> Block:
    service.change_sinks("jsonl", *(["socket"] if mode != "without" else []))
    with ExitStack() as stack:
        connected = None
        if mode in ("readers", "mesh"):
            connected = Readers(service.socket, readers, mode == "mesh")
            stack.callback(connected.close)
        time.sleep(_SETTLED * seconds)
        lines = connected.lines if connected else 0
        frames, cpu_s, rss_mb = service.measure(seconds)
        if not frames:
            raise BackendError("the service gave no frame: is the face of the demo found?")
        got = (connected.lines - lines) / readers / seconds if connected else None
    return {
        "frame_ns": np.array([frame["total"] for frame in frames]) * 1e6,
        "age_ns": np.array([frame["age"] for frame in frames]) * 1e6,
        "cpu_ms": 1000 * cpu_s / len(frames),
        "rss_mb": rss_mb,
        "lines_per_s": got,
    }


def _figures(blocks: list[Block]) -> dict[str, Any]:
    """The figures of a mode over all rounds."""
    frame_ns, age_ns = (np.concatenate([block[key] for block in blocks]) for key in ("frame_ns", "age_ns"))
    lines = [block["lines_per_s"] for block in blocks if block["lines_per_s"] is not None]
    return {
        "n": len(frame_ns),
        "frame_ms": percentiles_ms(frame_ns),
        "age_ms": percentiles_ms(age_ns),
        "cpu_ms_per_frame": round(float(np.mean([block["cpu_ms"] for block in blocks])), 4),
        "rss_mb": round(max(block["rss_mb"] for block in blocks), 1),
        "rss_growth_mb": round(blocks[-1]["rss_mb"] - blocks[0]["rss_mb"], 1),
        "lines_per_reader_and_s": round(float(np.mean(lines)), 2) if lines else None,
    }


def ratios(blocks: list[Block], without: list[Block]) -> dict[str, dict[str, float]]:
    """Each ratio to the mode without the socket in the same round: median, 10th and 90th percentile."""

    def ratio(value: Any) -> dict[str, float]:
        ratios = [value(block) / value(base) for block, base in zip(blocks, without, strict=True)]
        p10, p50, p90 = np.percentile(ratios, (10, 50, 90))
        return {"p50": round(float(p50), 4), "p10": round(float(p10), 4), "p90": round(float(p90), 4)}

    return {
        "frame_p50": ratio(lambda block: np.median(block["frame_ns"])),
        "frame_p99": ratio(lambda block: np.percentile(block["frame_ns"], 99)),
        "cpu_per_frame": ratio(lambda block: block["cpu_ms"]),
    }
