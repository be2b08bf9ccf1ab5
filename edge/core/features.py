"""Landmarks → the input ``landmarks``, the same bits on every machine.

All points are moved, turned and scaled so that the middle between the two outer eye corners is the origin,
the line between them is the x axis, and their distance is 1: x, y and z of point 0, then of point 1, and so
on. The other inputs of a network: ``edge.head.inputs``.

Only float64 elementwise add, subtract, multiply, divide and square root are used, cast to float32
at the end: IEEE 754 fixes the result of each. Matrix products, SVD and trigonometry differ in the
last bits between BLAS builds and C libraries, and would change the features.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

MESH_POINTS = 468
"""Points of MediaPipe's face mesh; the ten iris points of the 478-point variant are not used."""

FARTHEST = 1e3
"""Largest coordinate of a point of a face after alignment, in distances between the eye anchors."""

EYE_ANCHORS = {468: (33, 263), 478: (33, 263), 68: (36, 45)}
"""Number of points of a layout → indices of the outer eye corners, the one on the picture's left first: the
MediaPipe mesh (468, with irises 478), and the 68-point iBUG layout."""


def align(landmarks: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Move, turn and scale landmarks onto the eye anchors.

    Args:
        landmarks: (N, 2) or (N, 3), N = 468, 478 or 68; x and y in px (not normalized by the picture's
            width and height), z on x's scale.

    Returns:
        float32, same shape, dimensionless: the anchors lie at (-0.5, 0) and (0.5, 0).

    Raises:
        ValueError: the number of points or columns is another one, a value is not finite or beyond
            ``FARTHEST``, or both anchors lie in one place.
    """
    if landmarks.ndim != 2 or landmarks.shape[0] not in EYE_ANCHORS or landmarks.shape[1] not in (2, 3):
        raise ValueError(
            f"landmarks must be (N, 2) or (N, 3) with N in {sorted(EYE_ANCHORS)}, not {landmarks.shape}"
        )
    columns = landmarks.T.astype(np.float64)  # x, y and maybe z, each contiguous
    left, right = (columns[:, anchor].tolist() for anchor in EYE_ANCHORS[len(landmarks)])
    dx, dy = right[0] - left[0], right[1] - left[1]
    distance = math.sqrt(dx * dx + dy * dy)
    if not 1e-6 < distance < 1e9:  # also false for NaN
        raise ValueError(f"the outer eye corners must be apart and finite; their distance is {distance} px")
    cos, sin = dx / distance, dy / distance
    middle = [(a + b) / 2.0 for a, b in zip(left, right, strict=True)]
    columns -= np.array(middle)[:, None]
    x, y, *z = columns
    result = np.empty(landmarks.shape, np.float32)
    result[:, 0] = (x * cos + y * sin) / distance
    result[:, 1] = (y * cos - x * sin) / distance
    if z:
        result[:, 2] = z[0] / distance
    if not np.abs(result).max() <= FARTHEST:  # also true for NaN
        raise ValueError(f"landmarks must be finite and within {FARTHEST:g} distances between the eyes")
    return result


def extract(landmarks: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """The input ``landmarks`` of one face.

    Args:
        landmarks: (468 or 478, 3), px, as in ``Face.landmarks``.

    Returns:
        float32 (1404,).

    Raises:
        ValueError: see ``align``.
    """
    return align(landmarks[:MESH_POINTS]).reshape(-1)
