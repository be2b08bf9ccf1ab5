"""The texture of a face: a small grey picture, turned and scaled so that the eyes always lie in the same
places.

It is cut out of what the landmark network has looked at, so it costs neither the whole frame nor a second
search.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.types import Roi
from edge.landmarks.geometry import crop, crop_to_picture

NAME = "texture"
"""Of the input of ``edge.head.inputs``."""
SIDE = 48
"""Of the texture, px."""
REDUCTION = 3
"""The landmark network's crop is reduced by area so many times first: sharp pictures would alias else."""

EYE_DISTANCES = 1.95
"""Side of the texture, in distances between the outer eye corners."""
BELOW_EYES = 0.42
"""How far its centre lies below the middle between them, in the same distances."""


def texture(
    grey: NDArray[np.uint8], left: tuple[float, float], right: tuple[float, float]
) -> NDArray[np.float32]:
    """Cut out and normalize.

    Args:
        grey: uint8 (H, W), the reduced crop.
        left, right: outer eye corners as they lie in it, px; where it shows no face they may be anything.

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
    """uint8 (H, W) → float32 (H, W, 1): less the mean, by the standard deviation plus one grey level.

    The sums are those of integers, so that every machine comes to the same numbers.
    """
    mean = cv2.sumElems(picture)[0] / picture.size
    variance = cv2.norm(picture, cv2.NORM_L2SQR) / picture.size - mean * mean
    table = (np.arange(256) - mean) / (math.sqrt(max(variance, 0.0)) + 1)
    return np.asarray(cv2.LUT(picture, table.astype(np.float32)), np.float32)[:, :, None]
