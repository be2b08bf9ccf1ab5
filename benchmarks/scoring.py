"""Labelled pictures through the app's pipeline, on all cores."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeVar
from typing import Protocol as Interface

from edge.build import build_pipeline
from edge.core.errors import BackendError, ConfigError
from edge.core.types import Face, Frame, Roi
from edge.data import Preparation, Sample, prepare
from edge.data.workers import chunks, worker_pool
from edge.landmarks.litert import LitertBackend, next_roi
from edge.settings import Settings

ASSUMED_SIZE = 1.3
"""Side of the assumed face region, in longer sides of the picture without its margin: about what the
detector gives for FER2013's pictures."""

_CHUNK = 32  # pictures that go to a worker at once, or fewer if they are large
_CHUNK_BYTES = 4_000_000

T = TypeVar("T", covariant=True)


class SampleScorer(Interface[T]):
    """Says something of each picture."""

    def score(self, sample: Sample) -> T: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Protocol:
    """Everything beside the data that a figure depends on."""

    settings: Settings
    preparation: Preparation
    assume_face: bool = False
    tracked: bool = False
    """Answer as for a frame of a camera: from one look, where tracking takes it."""
    label_set: int | None = None
    """Key of ``edge.core.labels.LABEL_SETS``; None: the bundle's own labels."""
    truth: str = "label"
    """``"label"``: what the data set says; ``"votes"``: the clear majority of the FER+ votes."""


class Outcome(NamedTuple):
    """What came out for one picture."""

    true: str
    """The emotion."""
    probabilities: tuple[float, ...] | None
    """In the order of the bundle's labels; None: a miss."""
    found: bool
    """The detector found a face, so that none had to be assumed."""


class AssumedFaceBackend:
    """Where the detector finds nothing, the middle of the picture is taken for a face.

    For data sets of cropped faces. The landmark model still has to agree (presence).
    """

    def __init__(self, backend: LitertBackend, padding: float) -> None:
        """Wrap ``backend``; ``padding`` is the margin that ``prepare`` added."""
        self._backend = backend
        self._padding = padding
        self.found = False
        """Whether the detector found a face in the last frame."""

    def detect(self, frame: Frame) -> list[Face]:
        """Faces of one frame, as ``LandmarkBackend`` says."""
        faces = self._backend.detect(frame)
        self.found = bool(faces)
        return faces or self._backend.detect_in(frame, self._middle(*frame.rgb.shape[:2]))

    def close(self) -> None:
        """Close the wrapped backend."""
        self._backend.close()

    def _middle(self, height: int, width: int) -> Roi:
        longer = max(height, width) / (1 + 2 * self._padding)
        return Roi(width / 2, height / 2, ASSUMED_SIZE * longer, 0.0)


class TrackedBackend:
    """A single picture as if it were a frame in which the face is tracked: one look, at the region that comes
    from its landmarks."""

    def __init__(self, backend: LitertBackend) -> None:
        """Wrap ``backend``."""
        self._backend = backend

    def detect(self, frame: Frame) -> list[Face]:
        """Faces of one frame, as ``LandmarkBackend`` says."""
        found = self._backend.find(frame)
        return [face for one in found for face in self._backend.detect_in(frame, next_roi(one.landmarks))]

    def close(self) -> None:
        """Close the wrapped backend."""
        self._backend.close()


class Scorer:
    """The app's pipeline on labelled still pictures; the first face counts."""

    def __init__(self, protocol: Protocol) -> None:
        """Build the pipeline.

        Raises:
            FerError: a part is missing or not whole.
            ConfigError: ``assume_face`` or ``tracked`` with a backend that takes no region.
        """
        self._preparation = protocol.preparation
        self._pipeline = build_pipeline(protocol.settings)
        self._assumed: AssumedFaceBackend | None = None
        if not (protocol.assume_face or protocol.tracked):
            return
        backend = self._pipeline.backend
        if not isinstance(backend, LitertBackend):
            flag = "--assume-face" if protocol.assume_face else "--tracked"
            raise ConfigError(f"{flag} needs --landmarks litert: others take no face region")
        if protocol.assume_face:
            self._assumed = AssumedFaceBackend(backend, protocol.preparation.padding)
        self._pipeline.backend = self._assumed or TrackedBackend(backend)

    def score(self, sample: Sample) -> Outcome:
        """Prepare and label one picture."""
        rgb = prepare(sample.picture, self._preparation.scale, self._preparation.padding)
        faces = self._pipeline.process(Frame(rgb, time.monotonic_ns(), 0, sample.name, still=True)).faces
        if not faces:
            return Outcome(sample.label, None, False)
        found = self._assumed.found if self._assumed else True
        return Outcome(sample.label, tuple(faces[0].probabilities.tolist()), found)

    def close(self) -> None:
        """Close the pipeline."""
        self._pipeline.close()


def score_all(samples: Iterable[Sample], protocol: Protocol, workers: int) -> Iterator[Outcome]:
    """Outcomes in the order of the samples.

    Raises:
        BackendError: a worker process died.
    """
    return score_each(samples, partial(Scorer, protocol), workers)


def score_each(
    samples: Iterable[Sample], build: Callable[[], SampleScorer[T]], workers: int, at_once: int = _CHUNK
) -> Iterator[T]:
    """What a scorer says of each sample, in their order.

    Args:
        samples: pictures.
        build: makes the scorer, in each process; must be picklable.
        workers: processes; 1: this one.
        at_once: pictures that go to a process at once, or fewer if they are large.

    Raises:
        BackendError: a worker process died.
    """
    # Built here in any case: it tells what is wrong before a process is started.
    with closing(build()) as scorer:
        if workers == 1:
            yield from map(scorer.score, samples)
            return
    with worker_pool(workers, _start_worker, build) as pool:
        waiting: deque[Future[list[T]]] = deque()
        try:
            for chunk in chunks(samples, at_once, _CHUNK_BYTES):
                waiting.append(pool.submit(_score_chunk, chunk))
                if len(waiting) > 2 * workers:  # so that a large data set is never in memory
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        except BrokenProcessPool:
            raise BackendError("a worker process died (out of memory?): try fewer --workers") from None
        finally:
            pool.shutdown(cancel_futures=True)


_scorer: SampleScorer[Any] | None = None
"""The scorer of this worker process."""


def _start_worker(build: Callable[[], SampleScorer[Any]]) -> None:
    global _scorer
    _scorer = build()


def _score_chunk(samples: list[Sample]) -> list[Any]:
    assert _scorer is not None
    return [_scorer.score(sample) for sample in samples]
