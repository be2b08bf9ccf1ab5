"""Representations of landmarks that do not change when the face moves, grows or turns.

All take landmarks (N, P, D) with D = 2 (x, y) or 3 (x, y, z), x, y and z on one scale, and compute in
float64. Position, size and roll are those of the picture plane: z is moved and scaled along with x and
y, and never turned.
"""

import numpy as np
from numpy.typing import NDArray

from edge.core import features
from evaluation.label_sets import EMOTIONS
from train.dataset.landmarks_folder import Rows

Points = NDArray[np.floating]  # type: ignore[type-arg]
"""(N, P, D)"""

MAX_ROUNDS = 100
"""Largest number of rounds in the search for the mean face."""
TOLERANCE = 1e-9
"""Change of the mean face in a round, relative to its size, below which the search ends."""


def centred(points: Points) -> Points:
    """Landmarks minus the mean of the face's points: float64 (N, P, D), px."""
    values = points.astype(np.float64)
    result: Points = values - values.mean(axis=1, keepdims=True)
    return result


def unit_size(points: Points) -> Points:
    """Centred landmarks, divided by the root mean square distance of the points from their middle in x and
    y: float64 (N, P, D), no unit."""
    middle = centred(points)
    square = (middle[..., :2] ** 2).sum(axis=2).mean(axis=1)  # (N,)
    result: Points = middle / np.sqrt(square)[:, None, None]
    return result


def eye_aligned(points: Points) -> Points:
    """Landmarks aligned as on the device, by ``edge.core.features.align``: float32 (N, P, D), with at most
    468 points.

    Raises:
        ValueError: see ``align``.
    """
    return np.stack([features.align(face[: features.MESH_POINTS]) for face in points])


def mean_face(points: Points) -> NDArray[np.complex128]:
    """The mean of generalized Procrustes analysis (Gower, 1975, Psychometrika 40:33–51) in the plane.

    In turn, each face is moved, scaled and turned onto the mean, and the mean is taken anew. The first
    mean is that of the eye-aligned faces, so that the result is level.

    Args:
        points: (N, P, D), the training faces.

    Returns:
        complex128 (P,), x + iy, its middle at 0 and its size (root of the sum of squares) 1.
    """
    faces = _plane(centred(points))
    mean = _unit(_plane(centred(eye_aligned(points))).mean(axis=0))
    for _ in range(MAX_ROUNDS):
        before, mean = mean, _unit((_onto(faces, mean)[:, None] * faces).mean(axis=0))
        if np.linalg.norm(mean - before) < TOLERANCE:
            break
    return mean


def procrustes(points: Points, mean: NDArray[np.complex128]) -> Points:
    """Faces moved, scaled and turned onto a mean face, with the least sum of squared distances.

    With points as complex numbers, turning and scaling is one factor, whose least-squares value has
    a closed form (Dryden & Mardia, "Statistical Shape Analysis", chapter on planar shape). No face is
    mirrored.

    Args:
        points: (N, P, D)
        mean: complex (P,), see ``mean_face``.

    Returns:
        float64 (N, P, D), in units of the mean face's size.
    """
    middle = centred(points)
    faces = _plane(middle)
    factor = _onto(faces, mean)[:, None]
    turned = factor * faces
    depth = [np.abs(factor) * middle[..., 2]] if middle.shape[2] == 3 else []
    return np.stack([turned.real, turned.imag, *depth], axis=2)


def distances(points: Points) -> NDArray[np.float64]:
    """Euclidean distances of all pairs of points: (N, P, D) → float64 (N, P·(P − 1)/2)."""
    first, second = np.triu_indices(points.shape[1], k=1)
    columns = np.moveaxis(points.astype(np.float64), 2, 0)  # (D, N, P)
    result: NDArray[np.float64] = np.sqrt(sum((c[:, first] - c[:, second]) ** 2 for c in columns))
    return result


def neutral_rows(rows: Rows) -> NDArray[np.int64]:
    """Index of the first row of each row's sequence if that is another, neutral row, else −1: int64 (N,)."""
    _, first, inverse = np.unique(rows.sequence, return_index=True, return_inverse=True)
    start = first[inverse].astype(np.int64)
    is_neutral = rows.label[start] == EMOTIONS.index("neutral")
    has_one = (rows.sequence != "") & is_neutral & (start != np.arange(len(rows)))
    result: NDArray[np.int64] = np.where(has_one, start, -1)
    return result


def _plane(points: Points) -> NDArray[np.complex128]:
    """Points in the plane as complex numbers x + iy: (N, P)."""
    result: NDArray[np.complex128] = points[..., 0] + 1j * points[..., 1].astype(np.float64)
    return result


def _onto(faces: NDArray[np.complex128], mean: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """The factor of each face, complex (N,), that brings it nearest to the mean."""
    result: NDArray[np.complex128] = (faces.conj() @ mean) / (np.abs(faces) ** 2).sum(axis=1)
    return result


def _unit(shape: NDArray[np.complex128]) -> NDArray[np.complex128]:
    result: NDArray[np.complex128] = shape / np.linalg.norm(shape)
    return result
