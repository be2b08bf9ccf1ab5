"""Landmarks as the features of a method: fewer points, alignment, and generated faces."""

import numpy as np
from numpy.typing import NDArray

from edge.core.features import MESH_POINTS
from train.study.shapes import eye_aligned

Points = NDArray[np.floating]  # type: ignore[type-arg]
"""(N, P, D)"""

MESH_TO_68 = np.array(
    [
        *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),  # jaw
        *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301),  # brows
        *(168, 197, 5, 4, 75, 97, 2, 326, 305),  # nose
        *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
        *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lips
        *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lips
    ]
)
"""Point of the mesh that stands for each of the 68 points of iBUG's layout, in its order. No mapping is
official; this is the usual one, and its eye corners are those of ``edge.core.features.EYE_ANCHORS``."""

DECIMALS = 6
"""Decimals of aligned coordinates, in distances between the eye anchors."""

NOSE_TIP = 1
"""Point of the mesh at the tip of the nose."""


def chosen(landmarks: Points, points: int) -> Points:
    """Landmarks of a mesh as 68 points (N, 68, 2), or all points as they are.

    Args:
        landmarks: (N, P, D)
        points: 68, or the number of points of the mesh.
    """
    if points == 68:
        return landmarks[..., :2] if landmarks.shape[1] == 68 else landmarks[:, MESH_TO_68, :2]
    return landmarks[:, :MESH_POINTS]


def represented(landmarks: Points, points: int, aligned: bool) -> Points:
    """``chosen`` landmarks, in px or aligned by the eyes: (N, P, D).

    Aligned ones are rounded: of the eye anchors, which do not move, only rounding errors would be left to
    standardize.
    """
    values = chosen(landmarks, points)
    return np.round(eye_aligned(values), DECIMALS) if aligned and len(values) else values


def generated(faces: Points, base: Points, amplitude: float) -> Points:
    """Faces whose expression is weaker or stronger: the difference from ``base`` times ``amplitude``.

    Args:
        faces: (N, P, D), aligned.
        base: neutral faces, (N, P, D) or (P, D): of the same person, or the mean of the training faces.
        amplitude: 1 gives the faces themselves.
    """
    result: Points = base + np.float32(amplitude) * (faces - base)
    return result
