"""Landmark backends of the caller's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge.core.errors import BackendError
from edge.core.features import MESH_POINTS
from edge.core.types import Face, Frame, LandmarkBackend

_POINTS = (MESH_POINTS, 478)  # without irises, and with them


class CheckedBackend:
    """Another one, whose faces are checked where they enter."""

    def __init__(self, backend: LandmarkBackend) -> None:
        """Wrap ``backend``."""
        self._backend = backend

    def detect(self, frame: Frame) -> list[Face]:
        """What the other one finds.

        Raises:
            BackendError: a face has landmarks of another shape, or such that are no numbers.
        """
        return [_checked(face) for face in self._backend.detect(frame)]

    def close(self) -> None:
        """Close the other one."""
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
    second = None if face.second is None else _checked(face.second)
    return replace(face, landmarks=landmarks.astype(np.float32), second=second)
