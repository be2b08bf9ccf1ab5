"""Landmark backends that a caller has written."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge.core.errors import BackendError
from edge.core.features import MESH_POINTS
from edge.core.protocols import LandmarkBackend
from edge.core.types import Face, Frame

_POINTS = (MESH_POINTS, 478)  # without irises, and with them


class CheckedBackend:
    """Wraps a caller's backend, and checks the faces that it finds."""

    def __init__(self, backend: LandmarkBackend) -> None:
        """Wrap ``backend``, which ``close`` closes."""
        self._backend = backend

    def detect(self, frame: Frame) -> list[Face]:
        """The faces that the wrapped backend finds.

        Raises:
            BackendError: a face has landmarks of another shape, or not finite numbers.
        """
        return [_checked(face) for face in self._backend.detect(frame)]

    def close(self) -> None:
        """Close the wrapped backend."""
        self._backend.close()


def _checked(face: Face) -> Face:
    landmarks = np.asarray(face.landmarks)
    if landmarks.shape not in [(points, 3) for points in _POINTS]:
        raise BackendError(
            f"the landmark backend gives landmarks {landmarks.shape}, expected (468, 3) or (478, 3)"
        )
    if landmarks.dtype.kind not in "fiu" or not np.isfinite(landmarks).all():
        raise BackendError(
            f"the landmark backend gives landmarks that are no finite numbers ({landmarks.dtype})"
        )
    mirrored = None if face.mirrored is None else _checked(face.mirrored)
    return replace(face, landmarks=landmarks.astype(np.float32), mirrored=mirrored)
