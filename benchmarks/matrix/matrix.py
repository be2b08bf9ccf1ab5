"""Backends, runtimes, bundles, number formats and threads beside each other, in one run."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.latency.meter import percentiles_ms
from benchmarks.machine.environment import Watch, bundle_facts
from benchmarks.report.kinds import head
from benchmarks.workers.process import ANSWER_S, Worker
from edge.build import load_bundle
from edge.core.errors import BackendError

SKIPPED = 5
"""Measurements at the start of each block that do not count: they find the caches of the block before."""
FEW_ROUNDS = 10
"""Rounds below which the spread of a ratio says little."""
_SLOWEST_S = 2.0
"""Seconds after which a measurement counts as hanging."""

T = TypeVar("T")

FACTS = ("landmarks", "bundle", "file", "precision", "threads")
"""Keys of a result's line that say what was measured, beside ``kind``."""


@dataclass(frozen=True, slots=True)
class MatrixPlan:
    """What the matrix measures."""

    pythons: Sequence[str]
    """Path of the interpreter of each environment."""
    backends: Sequence[str]
    bundles: Sequence[str]
    threads: Sequence[int]
    rounds: int
    """Number of blocks of each configuration."""
    frames: int
    """Number of measurements in a block."""
    flags: dict[str, Any]
    """Settings of all configurations: dotted setting → value."""


@dataclass(slots=True)
class Configuration:
    """One line of the matrix."""

    environment: int
    """Position in the list of environments."""
    facts: dict[str, Any]
    """What is measured: ``kind`` and ``FACTS`` of the result."""
    order: dict[str, Any]
    """The message ``open`` for the worker."""
    blocks: list[NDArray[np.int64]] = field(default_factory=list)
    """Durations in each round, int64 (N,), ns."""
    reason: str | None = None
    """Why it cannot run; None: it runs."""
    place: int = 0
    """Position in the worker's list."""


def benchmark(plan: MatrixPlan) -> dict[str, Any]:
    """Measure every configuration that can run, a block of each in turn.

    Raises:
        MienError: a bundle is missing, or no configuration runs.
    """
    watch = Watch()
    bundles = {name: load_bundle(name) for name in plan.bundles}
    every = [
        configuration
        for environment in range(len(plan.pythons))
        for configuration in configurations(environment, plan, {n: b.path for n, b in bundles.items()})
    ]
    with ExitStack() as stack:
        started = [_start(python, plan.flags, stack) for python in plan.pythons]
        workers, environments = zip(*started, strict=True)
        _open(every, workers, environments)
        _run([each for each in every if each.reason is None], workers, plan, watch)
    # Only now, with the workers ended, their CPU time is known not to be that of others.
    warnings = watch.stop() + few_rounds(plan.rounds)
    if all(each.reason for each in every):
        raise BackendError(f"no configuration runs: {every[0].reason}")
    return {
        **head("matrix"),
        "rounds": plan.rounds,
        "frames": plan.frames,
        "skipped": SKIPPED,
        "seconds": round(watch.seconds, 2),
        "configurations": results(every),
        "warnings": warnings,
        "bundles": {name: bundle_facts(bundle) for name, bundle in bundles.items()},
        "environments": list(environments),
        **watch.heat.result(),
    }


def configurations(environment: int, plan: MatrixPlan, bundles: dict[str, Path]) -> list[Configuration]:
    """All configurations of one environment (position in ``plan.pythons``), whether they can run or not.

    Every TFLite file in the folder of a bundle is a head.
    """

    def make(kind: str, file: Path | None = None, **facts: Any) -> Configuration:
        known = {**dict.fromkeys(FACTS), "file": file.name if file else None, **facts}
        wanted = {"backend": facts.get("landmarks", "litert"), "threads": facts["threads"] or 1}
        settings = plan.flags | {f"landmarks.{name}": value for name, value in wanted.items()}
        settings |= {"expression.bundle": facts["bundle"]} if kind == "frame" else {}
        order = {"kind": kind, "settings": settings, "precision": known["precision"]}
        order |= {"file": str(file)} if file else {}
        return Configuration(environment, {"kind": kind, **known}, order)

    found = [
        make("frame", landmarks=backend, bundle=bundle, threads=threads)
        for backend in plan.backends
        for bundle in bundles
        # MediaPipe chooses its threads itself.
        for threads in (plan.threads if backend == "litert" else (None,))
    ]
    if "litert" in plan.backends:
        found += [
            make("invoke", precision=precision, threads=threads)
            for precision in ("float32", "float16")
            for threads in plan.threads
        ]
    return found + [
        make("head", bundle=bundle, file=file, threads=1)
        for bundle, folder in bundles.items()
        for file in sorted(folder.glob("*.tflite"))
    ]


def _start(python: str, flags: dict[str, Any], stack: ExitStack) -> tuple[Worker | None, dict[str, Any]]:
    """A worker and its environment block of the result; None and a block with ``error`` if none starts."""
    try:
        worker = stack.enter_context(closing(Worker(python)))
        return worker, {"executable": python, "error": None, **worker.ask({"describe": flags})}
    except (OSError, BackendError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return None, {"executable": python, "error": reason}


def _open(
    every: list[Configuration], workers: Sequence[Worker | None], environments: Sequence[dict[str, Any]]
) -> None:
    """Build every configuration in its worker, or note why it cannot be built."""
    for each in every:
        worker = workers[each.environment]
        if worker is None:
            each.reason = environments[each.environment]["error"]
            continue
        try:
            each.place = worker.ask({"open": each.order})["place"]
        except BackendError as error:
            each.reason = str(error)


def _run(
    running: list[Configuration], workers: Sequence[Worker | None], plan: MatrixPlan, watch: Watch
) -> None:
    """Measure a block of each configuration in turn, round by round."""
    for turn in range(plan.rounds):
        for each in in_turn(running, turn):
            worker = workers[each.environment]
            if each.reason is not None or worker is None:
                continue
            order = {"block": each.place, "frames": plan.frames, "skip": SKIPPED}
            limit_s = ANSWER_S + _SLOWEST_S * (plan.frames + SKIPPED)
            try:
                each.blocks.append(np.array(worker.ask(order, limit_s)["ns"], np.int64))
            except BackendError as error:
                each.reason = f"in round {turn + 1}: {error}"
        watch.heat.sample_if_due()


def in_turn(every: Sequence[T], turn: int) -> Sequence[T]:
    """The items, backwards in odd rounds, so that heat and other load affect all of them alike."""
    return every if turn % 2 == 0 else every[::-1]


def few_rounds(rounds: int) -> list[str]:
    """A warning if there are fewer than ``FEW_ROUNDS``, else nothing."""
    few = f"{rounds} rounds are few: the spread of a ratio needs at least {FEW_ROUNDS}"
    return [few] if rounds < FEW_ROUNDS else []


def results(every: list[Configuration]) -> list[dict[str, Any]]:
    """The lines of the matrix. Ratios are over the first configuration of the same kind that ran."""
    first: dict[str, int] = {}
    lines = []
    for place, each in enumerate(every):
        line = {"environment": each.environment, **each.facts, "reason": each.reason, "n": 0}
        line |= {"ms": None, "against": None, "ratio": None}
        if each.reason is None:
            against = first.setdefault(each.facts["kind"], place)
            ns = np.concatenate(each.blocks)
            line |= {"n": len(ns), "ms": percentiles_ms(ns), "against": against}
            line["ratio"] = ratio_of_blocks(each.blocks, every[against].blocks)
        lines.append(line)
    return lines


def ratio_of_blocks(blocks: list[NDArray[np.int64]], against: list[NDArray[np.int64]]) -> dict[str, float]:
    """``p50``, ``p10`` and ``p90``, over the rounds, of one block's median over the other's."""
    ratios = [np.median(ours) / np.median(theirs) for ours, theirs in zip(blocks, against, strict=True)]
    p10, p50, p90 = np.percentile(ratios, (10, 50, 90))
    return {"p50": round(float(p50), 3), "p10": round(float(p10), 3), "p90": round(float(p90), 3)}


def fact_words(line: dict[str, Any]) -> list[str]:
    """The facts that name a line of the result, without its kind and environment."""
    words = [str(line[fact]) for fact in FACTS[:-1] if line[fact] is not None]
    if line["threads"]:
        words.append(f"{line['threads']} thread{'s' * (line['threads'] > 1)}")
    return words
