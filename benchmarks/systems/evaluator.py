"""Labelled pictures before a system, as they are and damaged, on all cores."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks.robustness.corruptions import (
    LANDMARKS,
    OCCLUSIONS,
    OF_FACES,
    PICTURES,
    REGIONS_OF_INTEREST,
    SEVERITIES,
    generator,
    make_frame,
)
from benchmarks.robustness.corruptions.pictures import Picture
from benchmarks.systems.system import Answer, FaceSystem, Probabilities, System, with_landmarks
from edge.build import build_backend
from edge.core.errors import ConfigError
from edge.core.types import Face, Frame
from edge.landmarks.litert import LitertBackend
from edge.settings import LandmarkSettings
from evaluation import Sample
from evaluation.parallel import chunks, open_processes

_CHUNK = 32  # answers that a worker gives at once, or fewer if the pictures are large
_CHUNK_BYTES = 4_000_000

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Evaluates(Protocol[T_co]):
    """What makes something of one picture after the other."""

    def evaluate(self, sample: Sample) -> T_co:
        """All that is asked of one picture."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Numbered(Sample):
    """A picture that knows its place."""

    index: int = 0
    """Among the usable pictures of the data (of the split), from 0."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is evaluated, and on what."""

    build_system: Callable[[], System]
    """Called in each process. One that is a ``FaceSystem`` is needed for damage after detection."""
    names: tuple[str, ...] = ()
    """Of the corruptions; pictures must be ``Numbered`` then."""
    seed: int = 0
    locator: LandmarkSettings = field(default_factory=LandmarkSettings)
    """Where the face models are: the default backend places the occlusions, whatever system is measured."""
    prepare: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] = make_frame
    """Picture, grey or RGB → what the system gets, RGB; picklable."""


class Outcome(NamedTuple):
    """What came out for one picture."""

    name: str
    true: str
    """The emotion."""
    answer: Answer | None
    """To the picture as it is; None: a miss."""
    damaged: NDArray[np.float32]
    """float32 (5 K, C): the probabilities under severities 1…5 of each of the K corruptions. NaN: a miss."""
    located: bool
    """A face was found in the picture as it is, so that occlusions could be placed."""


class Evaluator:
    """Puts labelled pictures before a system."""

    def __init__(self, evaluation: Evaluation) -> None:
        """Build system and locator.

        Raises:
            MienError: a part is missing or not whole.
            ConfigError: damage after detection is asked for, and the system has no landmarks.
        """
        self._evaluation = evaluation
        self._system = evaluation.build_system()
        after = [name for name in evaluation.names if name in OF_FACES]
        if after and not isinstance(self._system, FaceSystem):
            raise ConfigError(f"this system has no landmarks: {', '.join(after)} cannot be measured with it")
        self._tampers = bool(after)
        self._locator: LitertBackend | None = None
        if any(name in OCCLUSIONS for name in evaluation.names):
            locator = build_backend(replace(evaluation.locator, backend="litert", max_faces=1))
            assert isinstance(locator, LitertBackend)
            self._locator = locator

    def evaluate(self, sample: Sample) -> Outcome:
        """All answers for one picture."""
        rgb = self._evaluation.prepare(sample.picture)
        located = self._locator.find(Frame(rgb, 0, 0, sample.name, still=True)) if self._locator else []
        answer = self._system.answer(rgb)
        rows = len(self._evaluation.names) * len(SEVERITIES)
        damaged = np.full((rows, len(self._system.labels)), np.nan, np.float32)
        if rows:
            assert isinstance(sample, Numbered)
            for row, probabilities in enumerate(self._damaged(rgb, next(iter(located), None), sample.index)):
                if probabilities is not None:
                    damaged[row] = probabilities
        return Outcome(sample.name, sample.label, answer, damaged, bool(located))

    def close(self) -> None:
        """Close system and locator."""
        self._system.close()
        if self._locator:
            self._locator.close()

    def _damaged(
        self, rgb: NDArray[np.uint8], located: Face | None, index: int
    ) -> Iterator[Probabilities | None]:
        """Of the severities 1…5 of each corruption."""
        face = cast(FaceSystem, self._system).find(rgb) if self._tampers else None
        for name in self._evaluation.names:
            for severity in SEVERITIES:
                rng = generator(self._evaluation.seed, name, severity, index)
                how = {"severity": severity, "rng": rng}
                if name in OF_FACES:
                    yield self._mean(rgb, self._tampered(name, rgb, face, how) if face else [])
                    continue
                answer = self._system.answer(_damage(name, rgb, located, how))
                yield answer.probabilities if answer else None

    def _tampered(self, name: str, rgb: NDArray[np.uint8], face: Face, how: dict[str, Any]) -> list[Face]:
        """What damage makes of a face: several frames of it for a drift, none where it is lost."""
        system = cast(FaceSystem, self._system)
        if name in LANDMARKS:
            frames = LANDMARKS[name](face.landmarks, system.mean_face, **how)
            return [with_landmarks(face, points) for points in frames]
        assert face.roi is not None  # FaceSystem.find
        seen = system.look(rgb, REGIONS_OF_INTEREST[name](face.roi, **how))
        return [seen] if seen else []

    def _mean(self, rgb: NDArray[np.uint8], faces: list[Face]) -> Probabilities | None:
        answers = [cast(FaceSystem, self._system).answer_face(rgb, face) for face in faces]
        given = [answer.probabilities for answer in answers if answer]
        return np.mean(given, axis=0, dtype=np.float32) if given else None


def evaluate_each(samples: Iterable[Sample], evaluation: Evaluation, workers: int) -> Iterator[Outcome]:
    """Outcomes in the order of the samples.

    Args:
        samples: pictures.
        evaluation: of what; must be picklable.
        workers: processes; 1: this one.

    Raises:
        MienError: see ``Evaluator``.
        BackendError: a worker process died.
    """
    looks = 1 + len(evaluation.names) * len(SEVERITIES)
    return work_through(samples, partial(Evaluator, evaluation), workers, looks)


def work_through(
    samples: Iterable[Sample], build: Callable[[], Evaluates[T]], workers: int, looks: int
) -> Iterator[T]:
    """What comes out for each picture, in the order of the samples.

    Args:
        samples: pictures.
        build: what they are put before; called in each process, so it must be picklable.
        workers: processes; 1: this one.
        looks: how often a picture is looked at, about.

    Raises:
        MienError: what ``build`` raises.
        BackendError: a worker process died.
    """
    # Built here in any case: it tells what is wrong before a process is started.
    with closing(build()) as evaluator:
        if workers == 1:
            yield from map(evaluator.evaluate, samples)
            return
    groups = chunks(samples, max(1, _CHUNK // looks), _CHUNK_BYTES)
    with open_processes(workers, _start_worker, build) as parallel:
        for found in parallel.map(_evaluate_chunk, ((group,) for group in groups)):
            yield from found


def _damage(name: str, rgb: NDArray[np.uint8], located: Face | None, how: dict[str, Any]) -> Picture:
    if name in PICTURES:
        return cast(Picture, PICTURES[name](rgb, **how))
    if located is None:  # nobody knows where to put it
        return rgb
    return cast(Picture, OCCLUSIONS[name](rgb, located.landmarks, **how))


_evaluator: Evaluates[Any] | None = None
"""That of this worker process."""


def _start_worker(build: Callable[[], Evaluates[Any]]) -> None:
    global _evaluator
    _evaluator = build()


def _evaluate_chunk(samples: list[Sample]) -> list[Any]:
    assert _evaluator is not None
    return [_evaluator.evaluate(sample) for sample in samples]
