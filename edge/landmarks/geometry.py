"""Regions of interest: from boxes and points to crops, and back to the picture.

Follows MediaPipe's ``detections_to_rects_calculator.cc``, ``rect_transformation_calculator.cc``,
``image_to_tensor_utils.cc`` and ``landmark_projection_calculator.cc``. Where MediaPipe works in
normalized coordinates, this works in pixels, so that a square stays a square.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.types import Roi

ROI_SCALE = 1.5
"""Side of the region, in longer sides of the face box (``face_landmark_landmarks_to_roi.pbtxt``)."""

SAME_FACE_DISTANCE = 0.45
"""Distance of the centres of two regions below which they belong to one face, in sides of the larger region.
Parts of a face that were taken for a face lay within 0.42 of it, neighbours in group pictures 0.49 and more
apart."""


def roi_around(x_min: float, y_min: float, x_max: float, y_max: float, eye_dx: float, eye_dy: float) -> Roi:
    """The square region around a box, turned so that the line between the eyes is level.

    Args:
        x_min, y_min, x_max, y_max: axis-aligned box, px.
        eye_dx, eye_dy: from the eye on the picture's left to the one on its right, px.
    """
    size = max(x_max - x_min, y_max - y_min) * ROI_SCALE
    return Roi((x_min + x_max) / 2, (y_min + y_max) / 2, size, math.atan2(eye_dy, eye_dx))


def whole_picture(height: int, width: int) -> Roi:
    """The smallest square that holds the whole picture: the detector's letterboxed input."""
    return Roi(width / 2, height / 2, max(width, height), 0.0)


def crop_to_picture(roi: Roi, side: int) -> NDArray[np.float64]:
    """The affine map from crop px to picture px.

    The region's edges fall on 0 and ``side``, as in MediaPipe, without the half-pixel shift that one might
    expect: landmarks would be 1–5 % off with it.

    Returns:
        float64 (2, 3).
    """
    k = roi.size / side
    cos, sin = math.cos(roi.rotation) * k, math.sin(roi.rotation) * k
    half = side / 2
    return np.array(
        [
            [cos, -sin, roi.center_x - (cos - sin) * half],
            [sin, cos, roi.center_y - (sin + cos) * half],
        ]
    )


def crop(rgb: NDArray[np.uint8], matrix: NDArray[np.float64], out: NDArray[np.uint8], border: int) -> None:
    """Cut a region out of the picture, bilinear.

    Args:
        rgb: uint8 (H, W, 3).
        matrix: from ``crop_to_picture``.
        out: uint8 (side, side, 3), overwritten; may be an interpreter's memory.
        border: how pixels outside of the picture are filled: ``cv2.BORDER_REPLICATE`` for the landmark model,
            ``cv2.BORDER_CONSTANT`` (black) for the detector.
    """
    side = (out.shape[1], out.shape[0])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    try:
        cv2.warpAffine(rgb, matrix, side, dst=out, flags=flags, borderMode=border)
    finally:
        del out  # a profiler or a traceback that holds this frame would stop the interpreter from running


def iou(a: Roi, b: Roi) -> float:
    """Intersection over union of two regions as if neither was turned, 0–1."""
    smaller, reach = min(a.size, b.size), (a.size + b.size) / 2
    width = min(smaller, reach - abs(a.center_x - b.center_x))
    height = min(smaller, reach - abs(a.center_y - b.center_y))
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (a.size**2 + b.size**2 - width * height)


def same_face(a: Roi, b: Roi) -> bool:
    """Whether two regions of any size belong to one face, judged by the distance of their centres."""
    distance = math.hypot(a.center_x - b.center_x, a.center_y - b.center_y)
    return distance < SAME_FACE_DISTANCE * max(a.size, b.size)
