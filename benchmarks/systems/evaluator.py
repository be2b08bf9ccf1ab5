"""The answers of a system to labelled pictures, as they are and damaged, on all cores."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine.environment import usable_cores
from benchmarks.systems.system import Answer, PipelineSystem, Probabilities, System
from edge.build import build_backend
from edge.core.errors import ConfigError
from edge.core.types import Face, Frame
from edge.landmarks.litert import LitertBackend
from edge.settings import LandmarkSettings
from evaluation import Sample
from evaluation.corruptions import (
    LANDMARKS,
    OCCLUSIONS,
    OF_FACES,
    REGIONS_OF_INTEREST,
    SEVERITIES,
    damaged,
    generator,
    make_frame,
)
from evaluation.parallel import chunks, open_processes

_CHUNK = 32
"""Answers that a worker process gives at once; fewer if the pictures are large."""
_CHUNK_BYTES = 4_000_000
"""Decoded pictures that a worker process gets at once, in bytes."""

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class PictureEvaluator(Protocol[T_co]):
    """Something that evaluates one labelled picture after the other."""

    answers: int
    """About how many answers the outcome for a picture takes."""

    def evaluate(self, sample: Sample) -> T_co:
        """The outcome for one picture."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class NumberedSample(Sample):
    """A labelled picture that knows its place in the data."""

    index: int = 0
    """Position among the usable pictures of the data (of the split), from 0."""


@dataclass(frozen=True, slots=True)
class EvaluationSetup:
    """The system that is evaluated, and what is done to the pictures."""

    build_system: Callable[[], System]
    """Builds the system, in each process. Damage after detection needs a ``PipelineSystem``."""
    names: tuple[str, ...] = ()
    """Names of the corruptions; with any, the pictures must be of ``NumberedSample``."""
    seed: int = 0
    """Seed of the corruptions' noise."""
    locator: LandmarkSettings = field(default_factory=LandmarkSettings)
    """Settings of the backend that places the occlusions; always litert, whatever system is measured."""
    prepare: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] = make_frame
    """Makes what the system gets, RGB, of a picture, grey or RGB; picklable."""


class PictureAnswers(NamedTuple):
    """The answers of a system to one picture, as it is and damaged."""

    name: str
    true: str
    """The emotion that the picture shows."""
    answer: Answer | None
    """Answer to the picture as it is; None: a miss."""
    damaged: NDArray[np.float32]
    """float32 (5 K, C): the probabilities under severities 1…5 of each of the K corruptions. NaN: a miss."""
    located: bool
    """Whether a face was found in the picture as it is, so that occlusions could be placed."""


class Evaluator:
    """Asks a system about labelled pictures, as they are and damaged."""

    def __init__(self, setup: EvaluationSetup) -> None:
        """Build the system and, for occlusions, the backend that places them.

        Raises:
            MienError: a model or a bundle is missing or damaged.
            ConfigError: damage after detection is asked for, and the system has no landmarks.
        """
        self._setup = setup
        self.answers = 1 + len(setup.names) * len(SEVERITIES)
        self._system = setup.build_system()
        after = [name for name in setup.names if name in OF_FACES]
        self._of_faces: PipelineSystem | None = None
        if after:
            if not isinstance(self._system, PipelineSystem):
                names = ", ".join(after)
                raise ConfigError(f"this system has no landmarks: {names} cannot be measured with it")
            self._of_faces = self._system
        self._locator: LitertBackend | None = None
        if any(name in OCCLUSIONS for name in setup.names):
            locator = build_backend(replace(setup.locator, backend="litert", max_faces=1))
            assert isinstance(locator, LitertBackend)
            self._locator = locator

    def evaluate(self, sample: Sample) -> PictureAnswers:
        """All answers for one picture."""
        rgb = self._setup.prepare(sample.picture)
        located = self._locator.find(Frame(rgb, 0, 0, sample.name, still=True)) if self._locator else []
        answer = self._system.answer(rgb)
        answers = np.full((self.answers - 1, len(self._system.labels)), np.nan, np.float32)
        if self._setup.names:
            assert isinstance(sample, NumberedSample)
            for row, probabilities in enumerate(self._damaged(rgb, next(iter(located), None), sample.index)):
                if probabilities is not None:
                    answers[row] = probabilities
        return PictureAnswers(sample.name, sample.label, answer, answers, bool(located))

    def close(self) -> None:
        """Close the system and the backend that places occlusions."""
        self._system.close()
        if self._locator:
            self._locator.close()

    def _damaged(
        self, rgb: NDArray[np.uint8], located: Face | None, index: int
    ) -> Iterator[Probabilities | None]:
        """The answers under severities 1…5 of each corruption; None: a miss."""
        face = self._of_faces.find(rgb) if self._of_faces else None
        for name in self._setup.names:
            for severity in SEVERITIES:
                how: dict[str, Any] = {
                    "severity": severity,
                    "rng": generator(self._setup.seed, name, severity, index),
                }
                if self._of_faces and name in OF_FACES:
                    faces = _tampered(self._of_faces, name, rgb, face, how) if face else []
                    answers = [self._of_faces.answer_face(rgb, each) for each in faces]
                else:
                    points = located.landmarks if located else None
                    answers = [self._system.answer(damaged(name, rgb, points, **how))]
                given = [answer.probabilities for answer in answers if answer]
                yield np.mean(given, axis=0, dtype=np.float32) if given else None


def evaluate_each(
    samples: Iterable[Sample], build: Callable[[], PictureEvaluator[T]], workers: int | None
) -> Iterator[T]:
    """The outcome for each picture, in the order of the samples.

    Args:
        samples: labelled pictures.
        build: builds the evaluator, in each process; it must be picklable.
        workers: number of processes; 1: this one; None: one for each usable core.

    Raises:
        MienError: what ``build`` raises.
        BackendError: a worker process died.
    """
    workers = workers or usable_cores()
    # Built here in any case, so that an error shows before a process is started.
    with closing(build()) as evaluator:
        if workers == 1:
            yield from map(evaluator.evaluate, samples)
            return
    groups = chunks(samples, max(1, _CHUNK // evaluator.answers), _CHUNK_BYTES)
    with open_processes(workers, _start_worker, build) as parallel:
        for found in parallel.map(_evaluate_chunk, ((group,) for group in groups)):
            yield from found


def _tampered(
    system: PipelineSystem, name: str, rgb: NDArray[np.uint8], face: Face, how: dict[str, Any]
) -> list[Face]:
    """A damaged face: several frames of it for a drift, none where it is lost."""
    if name in LANDMARKS:
        frames = LANDMARKS[name](face.landmarks, system.mean_face, **how)
        return [replace(face, landmarks=points) for points in frames]
    assert face.roi is not None  # PipelineSystem.find
    seen = system.find_in(rgb, REGIONS_OF_INTEREST[name](face.roi, **how))
    return [seen] if seen else []


_evaluator: PictureEvaluator[Any] | None = None
"""The evaluator of this worker process."""


def _start_worker(build: Callable[[], PictureEvaluator[Any]]) -> None:
    global _evaluator
    _evaluator = build()


def _evaluate_chunk(samples: list[Sample]) -> list[Any]:
    assert _evaluator is not None
    return [_evaluator.evaluate(sample) for sample in samples]
