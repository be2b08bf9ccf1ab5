"""The app beside other packages: latency in turn, memory, disk, cold start and accuracy, in one run."""

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import robustness
from benchmarks.corruptions import OF_PICTURES
from benchmarks.demo import unpaced_demo
from benchmarks.environment import Watch, describe
from benchmarks.matrix import FEW_ROUNDS, SKIPPED, ratio_of_blocks
from benchmarks.meter import percentiles_ms
from benchmarks.peer_environments import interpreter, prepare, size_mb
from benchmarks.peer_files import Peer
from benchmarks.peer_process import Answer, RemoteSystem
from benchmarks.scores import headline, percent
from benchmarks.stress import Stress
from benchmarks.subset import Pictures
from edge.core.errors import BackendError
from edge.settings import LandmarkSettings

SCHEMA = 1
"""Version of the result."""
COLD_RUNS = 3
"""Fresh processes whose first result is waited for."""

FIGURES = (
    *("n", "ms", "cpu_ms_per_frame", "frames_with_face", "peak_rss_mb", "install_mb"),
    *("first_result_s", "first_result_runs_s", "scores", "against", "ratio"),
)
"""Of each peer; None: not measured."""
_OF_THE_DATA = (
    *("protocol", "data", "split", "truth", "labels", "left_out", "skipped", "skipped_rows", "pictures", "n"),
)
"""What the accuracies of all peers have in common."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured."""

    peers: Sequence[Peer]
    folder: Path
    """Of the environments."""
    pythons: Mapping[str, Path]
    """Peer → interpreter that its environment is made with; default: this one."""
    rounds: int
    """Blocks of each peer."""
    frames: int
    """Measured frames in a block."""
    pictures: Pictures | None = None
    """None: accuracy is not measured."""
    seed: int = 0
    """Of the choice of pictures."""
    workers: int | None = None
    """Processes for accuracy; None: one for each usable core."""


@dataclass(slots=True)
class _Candidate:
    """One peer on its way through the run."""

    peer: Peer
    environment: Path | None = None
    system: RemoteSystem | None = None
    software: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None
    """Why there are no figures."""
    blocks: list[list[Answer]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def build(self) -> "partial[RemoteSystem]":
        assert self.environment is not None
        return partial(RemoteSystem, interpreter(self.environment), self.peer.file, self.peer.labels)

    def ns(self) -> list[NDArray[np.int64]]:
        """Of each block."""
        return [np.array([answer.ns for answer in block], np.int64) for block in self.blocks]


def benchmark(plan: Plan) -> dict[str, Any]:
    """Measure every peer that runs, a block of frames of each in turn.

    Returns:
        The JSON result that ``docs/benchmarks.md`` describes, without ``command``.

    Raises:
        FerError: the demo or the data is missing, or no peer runs.
    """
    every = [_Candidate(peer) for peer in plan.peers]
    for each in every:
        _attempt(each, partial(_prepare, each, plan.folder, plan.pythons))
    views = (frame.rgb for frame in unpaced_demo(LandmarkSettings()))
    first = next(views)
    watch = Watch()
    with ExitStack() as stack:
        for each in every:
            _attempt(each, partial(_start, each, first, stack))
        _run(every, views, plan, watch)
        for each in every:
            _attempt(each, partial(_finish, each))
    # Only now, with the processes ended, their CPU time is known not to be that of others.
    warnings = watch.stop()
    if plan.rounds < FEW_ROUNDS:
        warnings.append(f"{plan.rounds} rounds are few: the spread of a ratio needs at least {FEW_ROUNDS}")
    scored_on = _score(every, plan)
    if all(each.reason for each in every):
        raise BackendError(f"no peer runs: {every[0].reason}")
    environment = describe(LandmarkSettings(), watch.load_before)
    return {
        "kind": "peers",
        "schema": SCHEMA,
        "rounds": plan.rounds,
        "frames": plan.frames,
        "skipped": SKIPPED,
        "frame_size": [first.shape[1], first.shape[0]],
        "seconds": round(watch.seconds, 2),
        "scored_on": scored_on,
        "peers": _results(every),
        "warnings": warnings,
        "environment": {**environment, **watch.heat.result()},
    }


def robustness_of(
    peer: Peer,
    pictures: Pictures,
    folder: Path,
    pythons: Mapping[str, Path],
    seed: int = 0,
    workers: int | None = None,
) -> dict[str, Any]:
    """One peer on damaged pictures: corruptions and occlusions, which are made here.

    Returns:
        The JSON result of ``benchmarks.robustness.benchmark``, without ``command``.

    Raises:
        FerError: its environment cannot be made, it does not run, or there is no picture.
    """
    each = _Candidate(peer)
    _prepare(each, folder, pythons)
    with closing(each.build()) as system:
        facts = {"system": peer.title, "peer": peer.facts(system.software)}
    stress = Stress(each.build, LandmarkSettings(), tuple(OF_PICTURES), seed)
    return robustness.benchmark(pictures, stress, facts, robustness.find_reference(None), workers)


def _attempt(each: _Candidate, step: Callable[[], None]) -> None:
    """Take a step with a peer that still runs, or note why it does not."""
    if each.reason is not None:
        return
    try:
        step()
    except BackendError as error:
        each.reason = str(error)
        print(f"{each.peer.name}: {error}", file=sys.stderr)


def _prepare(each: _Candidate, folder: Path, pythons: Mapping[str, Path]) -> None:
    each.environment = prepare(each.peer, folder, pythons.get(each.peer.name, Path(sys.executable)))
    each.figures["install_mb"] = size_mb(each.environment)


def _start(each: _Candidate, first: NDArray[np.uint8], stack: ExitStack) -> None:
    """Wait for the first result of fresh processes; the last one of them stays."""
    seconds = []
    for run in range(COLD_RUNS):
        started = time.perf_counter()
        with ExitStack() as mine:
            system = mine.enter_context(closing(each.build()))
            system.timed_answer(first, tracked=True)
            seconds.append(round(time.perf_counter() - started, 3))
            if run == COLD_RUNS - 1:
                each.system, each.software = system, system.software
                stack.push(mine.pop_all())
    each.figures |= {"first_result_s": statistics.median(seconds), "first_result_runs_s": seconds}


def _run(every: Sequence[_Candidate], views: Iterator[NDArray[np.uint8]], plan: Plan, watch: Watch) -> None:
    """The same frames for each in turn, forwards and backwards, so that heat and other load hit all alike."""
    for turn in range(plan.rounds):
        frames = list(islice(views, SKIPPED + plan.frames))
        for each in every if turn % 2 == 0 else reversed(every):
            _attempt(each, partial(_block, each, frames))
        watch.heat.sample()


def _block(each: _Candidate, frames: Sequence[NDArray[np.uint8]]) -> None:
    assert each.system is not None
    each.blocks.append([each.system.timed_answer(rgb, tracked=True) for rgb in frames][SKIPPED:])


def _finish(each: _Candidate) -> None:
    assert each.system is not None
    answers = [answer for block in each.blocks for answer in block]
    each.figures |= {
        "n": len(answers),
        "ms": percentiles_ms(np.concatenate(each.ns())),
        "cpu_ms_per_frame": round(statistics.fmean(answer.cpu_ns for answer in answers) / 1e6, 3),
        "frames_with_face": sum(answer.probabilities is not None for answer in answers),
        "peak_rss_mb": round(each.system.peak_rss_mb(), 1),
    }


def _score(every: Sequence[_Candidate], plan: Plan) -> dict[str, Any] | None:
    """Label the pictures with each peer; what is the same for all of them."""
    if plan.pictures is None:
        return None
    common: dict[str, Any] = {}

    def score(each: _Candidate, pictures: Pictures) -> None:
        stress = Stress(each.build, LandmarkSettings(), (), plan.seed)
        result = robustness.benchmark(pictures, stress, {}, None, plan.workers)
        each.figures["scores"] = {
            key: value for key, value in result["clean"].items() if key != "abstentions"
        }
        common.update({key: result[key] for key in _OF_THE_DATA})

    for each in every:
        _attempt(each, partial(score, each, plan.pictures))
    return common or None


def _results(every: Sequence[_Candidate]) -> list[dict[str, Any]]:
    """A line for each peer. Ratios are over the first one that ran."""
    against = next(each for each in every if each.reason is None)
    lines = []
    for each in every:
        line = {"title": each.peer.title, **each.peer.facts(each.software), "reason": each.reason}
        line |= {**dict.fromkeys(FIGURES), **each.figures}
        if each.reason is None:
            line["against"] = against.peer.name
            line["ratio"] = ratio_of_blocks(each.ns(), against.ns())
        lines.append(line)
    return lines


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    ran = [line for line in result["peers"] if line["reason"] is None]
    lines = [
        f"{result['rounds']} rounds, blocks of {result['frames']} frames of the demo after "
        f"{result['skipped']} that do not count, one thread where a package lets us choose"
    ]
    if result["scored_on"]:
        lines.append(f"{headline(result['scored_on'])}; a missed face is wrong")
    width = max(len(line["title"]) for line in ran)
    lines.append(
        f"{'':<{width}} {'p50 ms':>8} {'p99':>8} {'CPU':>8}   ratio  (p10 – p90)    peak MB  disk MB  first s"
        "  accuracy  coverage  found"
    )
    return "\n".join([*lines, *(_row(line, width) for line in ran), *_remarks(result["peers"])])


def _row(line: dict[str, Any], width: int) -> str:
    ms, ratio, scores = line["ms"], line["ratio"], line["scores"] or {}
    spread = f"{ratio['p50']:7.2f}  ({ratio['p10']:.2f} – {ratio['p90']:.2f})"
    shares = "".join(f"{percent(scores.get(key)):>10}" for key in ("accuracy", "coverage", "accuracy_found"))
    times = f"{ms['p50']:8.2f} {ms['p99']:8.2f} {line['cpu_ms_per_frame']:8.2f}"
    return (
        f"{line['title']:<{width}} {times} {spread:<25} "
        f"{line['peak_rss_mb']:5.0f} {line['install_mb']:8.0f} {line['first_result_s']:8.2f}{shares}"
    )


def _remarks(peers: Sequence[dict[str, Any]]) -> list[str]:
    """What is to be known of each, and who did not run."""
    notes = [f"{line['title']}: trained on: {line['trained_on']}" for line in peers if line["reason"] is None]
    notes += [f"{line['title']}: {line['note']}" for line in peers if line["reason"] is None and line["note"]]
    return notes + [f"not run: {line['title']}: {line['reason']}" for line in peers if line["reason"]]
