"""The pose of a head, from the landmarks of its face."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.core.features import EYE_ANCHORS, MESH_POINTS

_LEFT_EYE, _RIGHT_EYE = EYE_ANCHORS[MESH_POINTS]
_FOREHEAD, _NOSE_BASE = 10, 2  # no expression moves them much
_POINTS = np.array([_LEFT_EYE, _RIGHT_EYE, _FOREHEAD, _NOSE_BASE])


class Pose(NamedTuple):
    """The rotation of a head relative to one that faces the camera, degrees: a roll, then a pitch, then a yaw
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
    (lx, ly, lz), (rx, ry, rz), (tx, ty, tz), (bx, by, bz) = landmarks[_POINTS].tolist()
    # Scalars, since each call of NumPy takes time. a: from eye to eye; d: down, at a right angle to a.
    ax, ay, az = rx - lx, ry - ly, rz - lz
    length = math.sqrt(ax * ax + ay * ay + az * az) or 1.0
    ax, ay, az = ax / length, ay / length, az / length
    dx, dy, dz = bx - tx, by - ty, bz - tz
    slant = ax * dx + ay * dy + az * dz
    dx, dy, dz = dx - slant * ax, dy - slant * ay, dz - slant * az
    length = math.sqrt(dx * dx + dy * dy + dz * dz) or 1.0
    dx, dy, dz = dx / length, dy / length, dz / length
    # The nose's direction: up × across, as x points right, y down and z away from the camera.
    yaw = math.atan2(az * dy - ay * dz, ax * dy - ay * dx)
    pitch = math.asin(max(-1.0, min(1.0, az * dx - ax * dz)))
    # Before its roll, the line between the eyes lay level.
    cos, sin = math.cos(yaw), math.sin(yaw)
    roll = math.atan2(-dx * cos - dz * sin, ax * cos + az * sin)
    return Pose(math.degrees(yaw), math.degrees(pitch), math.degrees(roll))
