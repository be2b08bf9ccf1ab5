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

from benchmarks.accuracy.classes import choose_classes
from benchmarks.accuracy.subset import PictureReader, PictureSelection
from benchmarks.demo import unpaced_demo
from benchmarks.latency.meter import percentiles_ms
from benchmarks.machine.environment import Watch, describe
from benchmarks.matrix.matrix import SKIPPED, few_rounds, in_turn, ratio_of_blocks
from benchmarks.peers.environments import interpreter, prepare, size_mb
from benchmarks.peers.process import RemoteSystem, TimedAnswer
from benchmarks.peers.registry import Peer
from benchmarks.report.kinds import head
from benchmarks.robustness import robustness
from edge.cli.console import say
from edge.core.errors import BackendError
from edge.settings import LandmarkSettings
from evaluation.corruptions import OF_PICTURES

COLD_RUNS = 3
"""Fresh processes whose time to the first result is measured."""

FIGURES = (
    *("n", "ms", "ms_still", "cpu_ms_per_frame", "frames_with_face", "peak_rss_mb", "install_mb"),
    *("first_result_s", "first_result_runs_s", "scores", "lacks", "against", "ratio"),
)
"""Keys of each peer's figures; None: not measured."""
_DATA_KEYS = (
    *("protocol", "data", "split", "truth", "labels", "left_out", "skipped", "skipped_rows", "pictures", "n"),
)
"""Keys of a robustness result that the accuracies of all peers have in common."""


@dataclass(frozen=True, slots=True)
class PeersPlan:
    """What the comparison of peers measures."""

    peers: Sequence[Peer]
    folder: Path
    """Folder of the environments."""
    pythons: Mapping[str, Path]
    """Interpreter that a peer's environment is made with, by the peer's name; default: this one."""
    rounds: int
    """Number of blocks of each peer."""
    frames: int
    """Number of measured frames in a block."""
    pictures: PictureSelection | None = None
    """Labelled pictures; None: accuracy is not measured."""


@dataclass(slots=True)
class _Candidate:
    """One peer on its way through the run."""

    peer: Peer
    environment: Path | None = None
    system: RemoteSystem | None = None
    software: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None
    """Why there are no figures; None: it runs."""
    score_reason: str | None = None
    """Why there are no figures of single pictures; None: there are some."""
    blocks: list[list[TimedAnswer]] = field(default_factory=list)
    """Answers in each block to frames of a camera."""
    stills: list[list[TimedAnswer]] = field(default_factory=list)
    """Answers to the same frames as single pictures, where that makes a difference."""
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def build(self) -> "partial[RemoteSystem]":
        assert self.environment is not None
        return partial(RemoteSystem, interpreter(self.environment), self.peer.file, self.peer.labels)


def benchmark(plan: PeersPlan) -> dict[str, Any]:
    """Measure every peer that runs, a block of frames of each in turn.

    Raises:
        MienError: the demo or the data is missing, or no peer runs.
    """
    watch = Watch()
    # Whatever may be mistyped or missing is looked for before environments are made.
    views = (frame.rgb for frame in unpaced_demo(LandmarkSettings()))
    first = next(views)
    if plan.pictures is not None:
        _require_pictures(plan.pictures, plan.peers[0])
    every = [_Candidate(peer) for peer in plan.peers]
    for each in every:
        _attempt(each, partial(_prepare, each, plan.folder, plan.pythons))
    watch.restart()
    with ExitStack() as stack:
        for each in every:
            _attempt(each, partial(_start, each, first, stack))
        _run(every, views, plan, watch)
        for each in every:
            _attempt(each, partial(_finish, each))
    # Only now, with the processes ended, their CPU time is known not to be that of others.
    warnings = watch.stop() + few_rounds(plan.rounds)
    scored_on = _score(every, plan, warnings)
    if all(each.reason for each in every):
        raise BackendError(f"no peer runs: {every[0].reason}")
    environment = describe(LandmarkSettings(), watch.load_before)
    return {
        **head("peers"),
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
    peer: Peer, pictures: PictureSelection, folder: Path, pythons: Mapping[str, Path]
) -> dict[str, Any]:
    """Score one peer on pictures with corruptions and occlusions, which are made in this process.

    The arguments are those of ``PeersPlan``; the result is one of ``robustness``.

    Raises:
        MienError: its environment cannot be made, it does not run, or there is no picture.
    """
    _require_pictures(pictures, peer)
    each = _Candidate(peer)
    _prepare(each, folder, pythons)
    with closing(each.build()) as system:
        facts = {"system": peer.title, "peer": peer.facts(system.software())}
    reference = robustness.find_reference(None)
    return robustness.benchmark(pictures, each.build, tuple(OF_PICTURES), facts, reference)


def _require_pictures(pictures: PictureSelection, peer: Peer) -> None:
    PictureReader(pictures, choose_classes(peer.labels, pictures.label_set)).require_any()


def _attempt(each: _Candidate, step: Callable[[], None], still: bool = False) -> None:
    """Take a step with a peer that still runs, or note why it does not.

    ``still``: a step with single pictures; if it fails, the latency of camera frames stays.
    """
    if each.reason is not None or (still and each.score_reason is not None):
        return
    try:
        step()
    except BackendError as error:
        if still:
            each.score_reason = str(error)
        else:
            each.reason = str(error)
        say(f"{each.peer.name}: {error}", sys.stderr)


def _prepare(each: _Candidate, folder: Path, pythons: Mapping[str, Path]) -> None:
    each.environment = prepare(each.peer, folder, pythons.get(each.peer.name, Path(sys.executable)))
    each.figures["install_mb"] = size_mb(each.environment)


def _start(each: _Candidate, first: NDArray[np.uint8], stack: ExitStack) -> None:
    """Time the first result of fresh processes; the last process stays open.

    The first process is asked for its packages, so that the memory of the last one does not include that.
    """
    seconds = []
    for run in range(COLD_RUNS):
        started = time.perf_counter()
        with ExitStack() as mine:
            system = mine.enter_context(closing(each.build()))
            system.timed_answer(first, tracked=True)
            seconds.append(round(time.perf_counter() - started, 3))
            if run == 0:
                each.software = system.software()
            if run == COLD_RUNS - 1:
                each.system = system
                stack.push(mine.pop_all())
    each.figures |= {"first_result_s": statistics.median(seconds), "first_result_runs_s": seconds}


def _run(
    every: Sequence[_Candidate], views: Iterator[NDArray[np.uint8]], plan: PeersPlan, watch: Watch
) -> None:
    """Give the same frames to each peer in turn, as frames of a camera and then as single pictures."""
    for turn in range(plan.rounds):
        frames = list(islice(views, SKIPPED + plan.frames))
        for each in in_turn(every, turn):
            _attempt(each, partial(_block, each, frames, tracked=True))
        for each in in_turn(every, turn):
            _attempt(each, partial(_block, each, frames, tracked=False), still=True)
        watch.heat.sample_if_due()


def _block(each: _Candidate, frames: Sequence[NDArray[np.uint8]], tracked: bool) -> None:
    assert each.system is not None
    if tracked or each.system.tracks:
        answers = [each.system.timed_answer(rgb, tracked) for rgb in frames]
        (each.blocks if tracked else each.stills).append(answers[SKIPPED:])


def _finish(each: _Candidate) -> None:
    assert each.system is not None
    answers = [answer for block in each.blocks for answer in block]
    ms = percentiles_ms(np.concatenate(_ns(each.blocks)))
    still = percentiles_ms(np.concatenate(_ns(each.stills))) if each.stills else ms
    each.figures |= {
        "n": len(answers),
        "ms": ms,
        "ms_still": still if each.score_reason is None else None,
        "cpu_ms_per_frame": round(statistics.fmean(answer.cpu_ns for answer in answers) / 1e6, 3),
        "frames_with_face": sum(answer.probabilities is not None for answer in answers),
        "peak_rss_mb": round(each.system.peak_rss_mb(), 1),
    }


def _ns(blocks: Sequence[Sequence[TimedAnswer]]) -> list[NDArray[np.int64]]:
    """Durations in each block, int64 (N,), ns."""
    return [np.array([answer.ns for answer in block], np.int64) for block in blocks]


def _score(every: Sequence[_Candidate], plan: PeersPlan, warnings: list[str]) -> dict[str, Any] | None:
    """Score each peer on the pictures, and add to the warnings; gives the facts that all of them share."""
    if plan.pictures is None:
        return None
    common: dict[str, Any] = {}

    def score(each: _Candidate, pictures: PictureSelection) -> None:
        result = robustness.benchmark(pictures, each.build, (), {})
        each.figures["scores"] = {
            key: value for key, value in result["clean"].items() if key != "abstentions"
        }
        known = choose_classes(each.peer.labels, pictures.label_set)
        each.figures["lacks"] = [
            name for name, column in zip(known.names, known.matrix.T, strict=True) if not column.any()
        ]
        warnings.extend(f"{each.peer.name}: {warning}" for warning in result["warnings"])
        common.update({key: result[key] for key in _DATA_KEYS})

    for each in every:
        _attempt(each, partial(score, each, plan.pictures), still=True)
    return common or None


def _results(every: Sequence[_Candidate]) -> list[dict[str, Any]]:
    """The line of each peer in the result. Ratios are over the first peer that ran."""
    against = next(each for each in every if each.reason is None)
    lines = []
    for each in every:
        line = {"title": each.peer.title, **each.peer.facts(each.software), "reason": each.reason}
        line |= {"score_reason": each.score_reason, **dict.fromkeys(FIGURES), **each.figures}
        if each.reason is None:
            line["against"] = against.peer.name
            line["ratio"] = ratio_of_blocks(_ns(each.blocks), _ns(against.blocks))
        lines.append(line)
    return lines
