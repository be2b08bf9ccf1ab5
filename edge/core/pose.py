"""How a head is turned, from the landmarks that are there anyway."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.core.features import EYE_ANCHORS, MESH_POINTS

_LEFT_EYE, _RIGHT_EYE = EYE_ANCHORS[MESH_POINTS]
_FOREHEAD, _NOSE_BASE = 10, 2  # no expression moves them much
_POINTS = np.array([_LEFT_EYE, _RIGHT_EYE, _FOREHEAD, _NOSE_BASE])


class Pose(NamedTuple):
    """The rotation of a head against one that faces the camera, degrees: a roll, then a pitch, then a yaw
    around the axes of the picture."""

    yaw: float
    """−180…180, positive: the nose points to the picture's right."""
    pitch: float
    """−90…90, positive: the nose points up."""
    roll: float
    """−180…180, positive: turned clockwise on the screen."""


def head_pose(landmarks: NDArray[np.floating[Any]]) -> Pose:
    """The pose of a face.

    The line between the outer eye corners and that from the forehead to the base of the nose span the face.
    The landmark network only estimates depth, so angles beyond about 30° come out too small.

    Args:
        landmarks: (468 or 478, 3), x and y in px, z on x's scale, as in ``Face.landmarks``. Points in one
            place give an angle of 0.
    """
    left, right, top, bottom = landmarks[_POINTS].tolist()
    across = _unit([b - a for a, b in zip(left, right, strict=True)])
    down = [b - a for a, b in zip(top, bottom, strict=True)]
    slant = sum(a * b for a, b in zip(across, down, strict=True))
    down = _unit([d - slant * a for a, d in zip(across, down, strict=True)])
    # The nose's direction: up × across, as x points right, y down and z away from the camera.
    x = across[2] * down[1] - across[1] * down[2]
    y = across[0] * down[2] - across[2] * down[0]
    z = across[1] * down[0] - across[0] * down[1]
    yaw = math.atan2(x, 0.0 - z)  # not -z: of a zero it would be a half turn
    pitch = math.asin(max(-1.0, min(1.0, -y)))
    # Before its roll, the line between the eyes lay level.
    cos, sin = math.cos(yaw), math.sin(yaw)
    level = across[0] * cos + across[2] * sin
    tilt = down[0] * cos + down[2] * sin
    roll = math.atan2(-tilt, level)
    return Pose(math.degrees(yaw), math.degrees(pitch), math.degrees(roll))


def _unit(vector: list[float]) -> list[float]:
    length = math.hypot(*vector)
    return [value / length for value in vector] if length > 0 else [0.0, 0.0, 0.0]
