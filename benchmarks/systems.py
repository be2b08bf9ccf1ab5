"""What is measured: something that looks at a picture and gives the probabilities of expressions.

``PipelineSystem`` is the app's own; another recognizer takes part in the comparison by giving ``System``.
"""

from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from edge.build import build_pipeline, load_bundle
from edge.core.errors import ConfigError
from edge.core.features import MESH_POINTS
from edge.core.types import Face, Frame, LandmarkBackend, Roi
from edge.head.inputs import LANDMARKS
from edge.landmarks.litert import LitertBackend
from edge.settings import Settings

Probabilities = NDArray[np.float32]


class System(Protocol):
    """A recognizer of expressions in single pictures."""

    labels: tuple[str, ...]
    """Names of ``edge.core.labels.EMOTIONS``, the order of the probabilities."""
    min_confidence: float
    """0–1; an answer whose top probability is below it is an abstention; 0: it never abstains."""

    def answer(self, rgb: NDArray[np.uint8]) -> Probabilities | None:
        """Probabilities float32 (C,) for the face in a picture uint8 (H, W, 3); None: no face found."""
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

    def answer_face(self, face: Face) -> Probabilities | None:
        """Probabilities float32 (C,) for a face; None: its landmarks make no sense."""
        ...


class PipelineSystem:
    """The app's pipeline on single pictures; the first face counts. A ``FaceSystem`` where the bundle takes
    landmarks."""

    def __init__(self, settings: Settings) -> None:
        """Build the pipeline.

        Raises:
            FerError: a part is missing or not whole.
            ConfigError: a backend that takes no region.
        """
        if settings.landmarks.backend != "litert":
            raise ConfigError("robustness needs --landmarks litert: other backends take no face region")
        self._pipeline = build_pipeline(settings)
        assert isinstance(self._pipeline.backend, LitertBackend)
        self._backend = self._pipeline.backend
        bundle = load_bundle(settings.bundle)
        chosen = settings.expression.min_confidence
        self.labels = bundle.labels
        self.min_confidence = bundle.min_confidence if chosen is None else chosen
        for each in bundle.inputs:
            if each.name == LANDMARKS.name and each.standardization is not None:
                self.mean_face = each.standardization.mean.reshape(MESH_POINTS, 3)

    def answer(self, rgb: NDArray[np.uint8]) -> Probabilities | None:
        """See ``System``."""
        return self._answer(rgb, self._backend)

    def find(self, rgb: NDArray[np.uint8]) -> Face | None:
        """See ``FaceSystem``. Without ``Face.second``, a look that no damage would reach."""
        return next(iter(self._backend.find(_still(rgb))), None)

    def look(self, rgb: NDArray[np.uint8], roi: Roi) -> Face | None:
        """See ``FaceSystem``."""
        return next(iter(self._backend.detect_in(_still(rgb), roi)), None)

    def answer_face(self, face: Face) -> Probabilities | None:
        """See ``FaceSystem``."""
        return self._answer(np.zeros((1, 1, 3), np.uint8), _Given(face))

    def close(self) -> None:
        """Close the pipeline."""
        self._pipeline.close()

    def _answer(self, rgb: NDArray[np.uint8], backend: LandmarkBackend) -> Probabilities | None:
        self._pipeline.backend = backend
        faces = self._pipeline.process(_still(rgb)).faces
        return faces[0].probabilities if faces else None


class _Given:
    """The backend that finds the face it was given."""

    def __init__(self, face: Face) -> None:
        self._face = face

    def detect(self, frame: Frame) -> list[Face]:
        return [self._face]

    def close(self) -> None:
        """Nothing to release; part of the protocol."""


def with_landmarks(face: Face, landmarks: NDArray[np.float32]) -> Face:
    """The same face with other landmarks, float32 (468, 3), px; its maps stay."""
    return replace(face, landmarks=landmarks)


def _still(rgb: NDArray[np.uint8]) -> Frame:
    return Frame(rgb, 0, 0, "", still=True)
