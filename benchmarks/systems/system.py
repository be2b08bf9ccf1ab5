"""What is measured: a system that gives the probabilities of expressions for a picture.

``PipelineSystem`` is the app's own; another recognizer takes part in the comparison by giving ``System``.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.systems.face_finders import FaceFinder, FoundFaces, find_single, region_backend
from edge.build import build_pipeline, load_bundle
from edge.core.features import MESH_POINTS
from edge.core.types import Face, FacePrediction, FaceStatus, Frame, Reason, Roi
from edge.settings import Settings

Probabilities = NDArray[np.float32]


class Answer(NamedTuple):
    """The answer of a system to a picture."""

    probabilities: Probabilities
    """float32 (C,), in the order of the system's labels."""
    found: bool = True
    """Whether the detector found the face; else it was assumed."""
    status: FaceStatus = FaceStatus.OK
    reasons: tuple[Reason, ...] = ()

    @classmethod
    def of(cls, prediction: FacePrediction, found: bool = True) -> "Answer":
        """The app's prediction for a face as an answer."""
        return cls(prediction.probabilities, found, prediction.status, prediction.reasons)


class System(Protocol):
    """A recognizer of expressions in single pictures."""

    labels: tuple[str, ...]
    """Names of ``evaluation.label_sets.EMOTIONS``, the order of the probabilities."""
    min_confidence: float
    """0–1; an answer whose top probability is below it is an abstention; 0: it never abstains."""

    def answer(self, rgb: NDArray[np.uint8]) -> Answer | None:
        """The answer to the face in a picture, RGB uint8 (H, W, 3); None: no face found."""
        ...

    def close(self) -> None: ...


class PipelineSystem:
    """The app's pipeline on single pictures; the first face counts.

    Unlike with other systems, its landmarks and face regions can be damaged.
    """

    def __init__(self, settings: Settings, find_faces: FaceFinder = find_single) -> None:
        """Build the pipeline; all methods but ``answer`` and ``predict`` need ``check_regions``.

        Raises:
            MienError: a model or a bundle is missing or damaged.
        """
        self._pipeline = build_pipeline(settings)
        self._find_faces = find_faces
        self._bundle = load_bundle(settings.bundle)
        chosen = settings.expression.min_confidence
        self.labels = self._bundle.labels
        self.min_confidence = self._bundle.min_confidence if chosen is None else chosen

    @property
    def mean_face(self) -> NDArray[np.float32]:
        """Mean of the training faces, float32 (468, 3), aligned as ``edge.core.features.align`` does; that of
        the bundle ``landmarks`` where this bundle takes no landmarks."""
        given = (*self._bundle.inputs, *load_bundle("landmarks").inputs)
        means = (each.standardization.mean for each in given if each.standardization is not None)
        return next(means).reshape(MESH_POINTS, 3)

    def answer(self, rgb: NDArray[np.uint8]) -> Answer | None:
        """See ``System``."""
        frame = _still(rgb)
        return self._first(frame, self._find_faces(self._pipeline, frame))

    def predict(self, rgb: NDArray[np.uint8]) -> FacePrediction | None:
        """The app's prediction for the first face in a picture, RGB uint8 (H, W, 3); None: no face found."""
        return next(iter(self._pipeline.process(_still(rgb)).faces), None)

    def find(self, rgb: NDArray[np.uint8]) -> Face | None:
        """The first face of a picture, from one pass over its ``roi``; None: no face found.

        Without the mirrored pass, which no damage would reach.
        """
        return next(iter(region_backend(self._pipeline).find(_still(rgb))), None)

    def find_in(self, rgb: NDArray[np.uint8], roi: Roi) -> Face | None:
        """The face in a region; None: the landmark network sees none there."""
        return next(iter(region_backend(self._pipeline).detect_in(_still(rgb), roi)), None)

    def answer_face(self, rgb: NDArray[np.uint8], face: Face) -> Answer | None:
        """The answer to a face of a picture; None: its landmarks make no sense."""
        return self._first(_still(rgb), FoundFaces([face], True))

    def close(self) -> None:
        """Close the pipeline."""
        self._pipeline.close()

    def _first(self, frame: Frame, found: FoundFaces) -> Answer | None:
        prediction = next(iter(self._pipeline.classify(frame, found.faces)), None)
        return None if prediction is None else Answer.of(prediction, found.found)


def _still(rgb: NDArray[np.uint8]) -> Frame:
    return Frame(rgb, 0, 0, "", still=True)
