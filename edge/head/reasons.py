"""Reasons why a label may be wrong: how the face is seen. The answer to "why is it always neutral?".

``mien benchmark reasons`` measures the accuracy below and above each threshold, on any labelled pictures.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.features import EYE_ANCHORS, MESH_POINTS
from edge.core.pose import Pose
from edge.core.types import Box, Frame, Reason

MAX_TURN = 20.0
"""Yaw or pitch beyond which a head counts as turned, degrees. A roll does no harm: crops are levelled."""
MIN_EYE_DISTANCE = 12.0
"""Distance of the outer eye corners below which a face counts as small, px."""
MIN_BRIGHTNESS = 20.0
"""Mean grey level of the face, 0–255, below which it counts as dark."""
MIN_SHARPNESS = 0.3
"""Standard deviation of the Laplacian over that of the grey levels, below which a face counts as blurred."""
SIDE = 48
"""Width and height to which a face is reduced before it is measured, px: the size of FER2013's pictures."""

_EYES = np.array(EYE_ANCHORS[MESH_POINTS])


class Light(NamedTuple):
    """Measurements of a face's pixels, reduced to ``SIDE`` px."""

    brightness: float
    """Mean grey level, 0–255."""
    sharpness: float
    """Standard deviation of the Laplacian over that of the grey levels; infinite for an even surface, which
    is not blurred."""


def reasons(frame: Frame, landmarks: NDArray[np.float32], pose: Pose, sure: bool) -> tuple[Reason, ...]:
    """The reasons to doubt a face's label.

    In a video, light and sharpness are only measured where the label is unsure: it takes a twentieth of a
    frame's time.

    Args:
        landmarks: float32 (468 or 478, 3), px.
        sure: whether the top probability reaches the threshold.
    """
    found = [] if sure else [Reason.UNSURE]
    if turn(pose) > MAX_TURN:
        found.append(Reason.TURNED)
    (left_x, left_y, _), (right_x, right_y, _) = landmarks[_EYES].tolist()
    if math.hypot(right_x - left_x, right_y - left_y) < MIN_EYE_DISTANCE:
        found.append(Reason.SMALL)
    if frame.still or not sure:
        measured = light(frame.rgb, Box.around(landmarks))
        if measured and measured.brightness < MIN_BRIGHTNESS:
            found.append(Reason.DARK)
        if measured and measured.sharpness < MIN_SHARPNESS:
            found.append(Reason.BLURRED)
    return tuple(found)


def turn(pose: Pose) -> float:
    """Angle by which a head is turned sideways, up or down, whichever is greatest, degrees."""
    return max(abs(pose.yaw), abs(pose.pitch))


def light(rgb: NDArray[np.uint8], box: Box) -> Light | None:
    """Light and sharpness of a face.

    Args:
        rgb: uint8 (H, W, 3), the picture.
        box: the face's bounding box, px of the picture.

    Returns:
        The measurements; None where the box lies outside of the picture.
    """
    left, top = max(0, int(box.x)), max(0, int(box.y))
    visible = rgb[top : max(0, int(box.y + box.height)), left : max(0, int(box.x + box.width))]
    if not visible.size:
        return None
    grey = cv2.cvtColor(cv2.resize(visible, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR), cv2.COLOR_RGB2GRAY)
    ((brightness,),), ((contrast,),) = cv2.meanStdDev(grey)
    _, ((edges,),) = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))
    return Light(brightness, edges / contrast if contrast else math.inf)
