"""The square around a face's landmarks."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.types import Box, Roi
from edge.landmarks.geometry import crop, crop_to_picture

MARGIN = 1.15
"""Side of the square that is cut out, as a multiple of the longer side of the landmarks' bounding box."""


def cut_out(rgb: NDArray[np.uint8], landmarks: NDArray[np.float32], side: int) -> NDArray[np.uint8]:
    """The square around a face's landmarks: uint8 (side, side, 3).

    Args:
        rgb: uint8 (H, W, 3), the prepared picture.
        landmarks: float32 (468, 3), px.
        side: px.
    """
    box = Box.around(landmarks)
    middle = (box.x + box.width / 2, box.y + box.height / 2)
    face = np.empty((side, side, 3), np.uint8)
    region = Roi(*middle, MARGIN * max(box.width, box.height), 0.0)
    crop(rgb, crop_to_picture(region, side), face, cv2.BORDER_REPLICATE)
    return face
