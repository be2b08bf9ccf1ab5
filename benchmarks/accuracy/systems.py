"""What is measured: something that looks at a picture and gives the probabilities of expressions.

``PipelineSystem`` is the app's own; another recognizer takes part in the comparison by giving ``System``.
"""

from dataclasses import replace
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.passes import Look, Seen, region_backend, single
from edge.build import build_pipeline, load_bundle
from edge.core.features import MESH_POINTS
from edge.core.types import Face, FacePrediction, FaceStatus, Frame, Reason, Roi
from edge.settings import Settings

Probabilities = NDArray[np.float32]


class Answer(NamedTuple):
    """What a system says of a picture."""

    probabilities: Probabilities
    """float32 (C,), in the order of the system's labels."""
    found: bool = True
    """The detector found the face, so that none had to be assumed."""
    status: FaceStatus = FaceStatus.OK
    reasons: tuple[Reason, ...] = ()

    @classmethod
    def of(cls, said: FacePrediction, found: bool = True) -> "Answer":
        """What the app says of a face."""
        return cls(said.probabilities, found, said.status, said.reasons)


class System(Protocol):
    """A recognizer of expressions in single pictures."""

    labels: tuple[str, ...]
    """Names of ``evaluation.label_sets.EMOTIONS``, the order of the probabilities."""
    min_confidence: float
    """0–1; an answer whose top probability is below it is an abstention; 0: it never abstains."""

    def answer(self, rgb: NDArray[np.uint8]) -> Answer | None:
        """What it says of the face in a picture uint8 (H, W, 3); None: no face found."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class FaceSystem(System, Protocol):
    """One whose landmarks can be tampered with."""

    mean_face: NDArray[np.float32]
    """float32 (468, 3), aligned as ``edge.core.features.align`` does: of the training faces."""

    def find(self, rgb: NDArray[np.uint8]) -> Face | None:
        """The first face of a picture, as one look at its ``roi`` shows it."""
        ...

    def look(self, rgb: NDArray[np.uint8], roi: Roi) -> Face | None:
        """The face in a region; None: there is none, says the landmark network."""
        ...

    def answer_face(self, rgb: NDArray[np.uint8], face: Face) -> Answer | None:
        """What it says of a face of a picture; None: its landmarks make no sense."""
        ...


class PipelineSystem:
    """The app's pipeline on single pictures; the first face counts."""

    def __init__(self, settings: Settings, look: Look = single) -> None:
        """Build the pipeline.

        Args:
            settings: of the app; for all but ``answer``, see ``check_regions``.
            look: how ``answer`` gets at the faces.

        Raises:
            MienError: a part is missing or not whole.
        """
        self._pipeline = build_pipeline(settings)
        self._look = look
        self._bundle = load_bundle(settings.bundle)
        chosen = settings.expression.min_confidence
        self.labels = self._bundle.labels
        self.min_confidence = self._bundle.min_confidence if chosen is None else chosen

    @property
    def mean_face(self) -> NDArray[np.float32]:
        """See ``FaceSystem``; that of the bundle landmarks where this one takes none."""
        given = (*self._bundle.inputs, *load_bundle("landmarks").inputs)
        means = (each.standardization.mean for each in given if each.standardization is not None)
        return next(means).reshape(MESH_POINTS, 3)

    def answer(self, rgb: NDArray[np.uint8]) -> Answer | None:
        """See ``System``."""
        frame = _still(rgb)
        return self._first(frame, self._look(self._pipeline, frame))

    def predict(self, rgb: NDArray[np.uint8]) -> FacePrediction | None:
        """All that the app says of the first face in a picture uint8 (H, W, 3); None: no face found."""
        return next(iter(self._pipeline.process(_still(rgb)).faces), None)

    def find(self, rgb: NDArray[np.uint8]) -> Face | None:
        """See ``FaceSystem``. Without ``Face.mirrored``, a pass that no damage would reach."""
        return next(iter(region_backend(self._pipeline).find(_still(rgb))), None)

    def look(self, rgb: NDArray[np.uint8], roi: Roi) -> Face | None:
        """See ``FaceSystem``."""
        return next(iter(region_backend(self._pipeline).detect_in(_still(rgb), roi)), None)

    def answer_face(self, rgb: NDArray[np.uint8], face: Face) -> Answer | None:
        """See ``FaceSystem``."""
        return self._first(_still(rgb), Seen([face], True))

    def close(self) -> None:
        """Close the pipeline."""
        self._pipeline.close()

    def _first(self, frame: Frame, seen: Seen) -> Answer | None:
        said = next(iter(self._pipeline.classify(frame, seen.faces)), None)
        return None if said is None else Answer.of(said, seen.found)


def with_landmarks(face: Face, landmarks: NDArray[np.float32]) -> Face:
    """The same face with other landmarks, float32 (468, 3), px; its maps stay."""
    return replace(face, landmarks=landmarks)


def _still(rgb: NDArray[np.uint8]) -> Frame:
    return Frame(rgb, 0, 0, "", still=True)
