"""The texture of a face: a small grey picture, turned and scaled to fixed places of the eyes.

It is cut out of the landmark network's crop, so it costs neither work on the whole frame nor a second search.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.types import Roi
from edge.landmarks.geometry import crop, crop_to_picture

NAME = "texture"
"""Name of the input of ``edge.head.inputs``."""
SIDE = 48
"""Width and height of the texture, px."""
REDUCTION = 3
"""Factor by which the landmark network's crop is first reduced by area, against aliasing."""

EYE_DISTANCES = 1.95
"""Side of the texture, in distances between the outer eye corners."""
BELOW_EYES = 0.42
"""Distance of its centre below the middle between the eye corners, in the same unit."""


def texture(
    grey: NDArray[np.uint8], left: tuple[float, float], right: tuple[float, float]
) -> NDArray[np.float32]:
    """Cut the texture out of a crop and normalize it.

    Args:
        grey: uint8 (H, W), the reduced crop.
        left, right: outer eye corners in it, px; in a crop without a face they may be anything.

    Returns:
        float32 (``SIDE``, ``SIDE``, 1): mean 0, standard deviation 1, or less where there is hardly any
        contrast.
    """
    dx, dy = right[0] - left[0], right[1] - left[1]
    x = (left[0] + right[0]) / 2 - BELOW_EYES * dy
    y = (left[1] + right[1]) / 2 + BELOW_EYES * dx
    region = Roi(x, y, EYE_DISTANCES * max(math.hypot(dx, dy), 1.0), math.atan2(dy, dx))
    cut = np.empty((SIDE, SIDE), np.uint8)
    crop(grey, crop_to_picture(region, SIDE), cut, cv2.BORDER_REPLICATE)
    return normalized(cut)


def normalized(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Subtract a picture's mean and divide by its standard deviation plus one grey level.

    All sums are of integers, so that every machine comes to the same numbers.

    Args:
        picture: uint8 (H, W).

    Returns:
        float32 (H, W, 1).
    """
    mean = cv2.sumElems(picture)[0] / picture.size
    variance = cv2.norm(picture, cv2.NORM_L2SQR) / picture.size - mean * mean
    table = (np.arange(256) - mean) / (math.sqrt(max(variance, 0.0)) + 1)
    return np.asarray(cv2.LUT(picture, table.astype(np.float32)), np.float32)[:, :, None]
