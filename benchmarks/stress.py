"""One picture, damaged in every way and strength, before a system's eyes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks.corruptions import (
    LANDMARKS,
    OCCLUSIONS,
    OF_FACES,
    PICTURES,
    REGIONS_OF_INTEREST,
    SEVERITIES,
    generator,
    make_frame,
)
from benchmarks.systems import FaceSystem, Probabilities, System, with_landmarks
from edge.build import build_backend
from edge.core.errors import ConfigError
from edge.core.types import Face, Frame
from edge.data import Sample
from edge.landmarks.litert import LitertBackend
from edge.settings import LandmarkSettings


@dataclass(frozen=True, slots=True)
class Numbered(Sample):
    """A picture that knows its place."""

    index: int = 0
    """Among the usable pictures of the data (of the split), from 0."""


@dataclass(frozen=True, slots=True)
class Stress:
    """What is done to whom."""

    build_system: Callable[[], System]
    """Called in each process. One that is a ``FaceSystem`` is needed for damage after detection."""
    locator: LandmarkSettings
    """Where the face models are: the default backend places the occlusions, whatever system is measured."""
    names: tuple[str, ...]
    """Of the corruptions."""
    seed: int = 0


class Answers(NamedTuple):
    """What came out for one picture."""

    true: str
    """The emotion."""
    probabilities: NDArray[np.float32]
    """float32 (1 + 5 K, C), in the order of the system's labels: the clean picture, then severities 1…5 of
    each of the K corruptions. NaN: a miss."""
    placed: bool
    """The locator found a face in the clean picture, so that occlusions could be placed."""


class Examiner:
    """Runs a system on the damaged copies of a picture."""

    def __init__(self, stress: Stress) -> None:
        """Build system and locator.

        Raises:
            FerError: a part is missing or not whole.
            ConfigError: damage after detection is asked for, and the system has no landmarks.
        """
        self._stress = stress
        self._system = stress.build_system()
        after = [name for name in stress.names if name in OF_FACES]
        if after and not isinstance(self._system, FaceSystem):
            raise ConfigError(f"this system has no landmarks: {', '.join(after)} cannot be measured with it")
        self._locator: LitertBackend | None = None
        if any(name in OCCLUSIONS for name in stress.names):
            locator = build_backend(replace(stress.locator, backend="litert", max_faces=1))
            assert isinstance(locator, LitertBackend)
            self._locator = locator

    def score(self, sample: Sample) -> Answers:
        """All answers for one ``Numbered`` picture."""
        assert isinstance(sample, Numbered)
        rgb = make_frame(sample.picture)
        located = self._locator.find(Frame(rgb, 0, 0, sample.name, still=True)) if self._locator else []
        case = _Case(self._stress, self._system, rgb, located[0] if located else None, sample.index)
        missed = np.full(len(self._system.labels), np.nan, np.float32)
        answers = [self._system.answer(rgb), *case.answers()]
        rows = [missed if answer is None else answer for answer in answers]
        return Answers(sample.label, np.stack(rows), bool(located))

    def close(self) -> None:
        """Close system and locator."""
        self._system.close()
        if self._locator:
            self._locator.close()


class _Case:
    """One picture on its way through the corruptions."""

    def __init__(
        self, stress: Stress, system: System, rgb: NDArray[np.uint8], located: Face | None, index: int
    ) -> None:
        self._stress, self._system, self._rgb, self._located = stress, system, rgb, located
        self._index = index
        self._face: Face | None = None
        if isinstance(system, FaceSystem) and any(name in OF_FACES for name in stress.names):
            self._face = system.find(rgb)

    def answers(self) -> Iterator[Probabilities | None]:
        """Of the severities 1…5 of each corruption."""
        for name in self._stress.names:
            for severity in SEVERITIES:
                rng = generator(self._stress.seed, name, severity, self._index)
                yield self._answer(name, {"severity": severity, "rng": rng})

    def _answer(self, name: str, how: dict[str, Any]) -> Probabilities | None:
        if name in PICTURES:
            return self._system.answer(PICTURES[name](self._rgb, **how))
        if name in OCCLUSIONS:
            if self._located is None:  # nobody knows where to put it
                return self._system.answer(self._rgb)
            return self._system.answer(OCCLUSIONS[name](self._rgb, self._located.landmarks, **how))
        if self._face is None:
            return None
        return self._landmarks(name, how) if name in LANDMARKS else self._roi(name, how)

    def _landmarks(self, name: str, how: dict[str, Any]) -> Probabilities | None:
        system, face = cast(FaceSystem, self._system), cast(Face, self._face)
        frames = LANDMARKS[name](face.landmarks, system.mean_face, **how)
        answers = [system.answer_face(with_landmarks(face, points)) for points in frames]
        given = [answer for answer in answers if answer is not None]
        return np.mean(given, axis=0, dtype=np.float32) if given else None

    def _roi(self, name: str, how: dict[str, Any]) -> Probabilities | None:
        system, roi = cast(FaceSystem, self._system), cast(Face, self._face).roi
        assert roi is not None  # FaceSystem.find
        face = system.look(self._rgb, REGIONS_OF_INTEREST[name](roi, **how))
        return system.answer_face(face) if face else None
