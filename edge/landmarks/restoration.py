"""A restored version of a picture in which noise, JPEG blocks or too little contrast hide the face."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.sizes import scaled_size

SOFTNESS = 0.012
"""Standard deviation of the blur against noise and blocks, as a fraction of the picture's longer side."""
RESTORED_SIDE = 640
"""Longest side of a picture that is restored, px; a larger one is reduced first: its blur takes seconds."""


def restore(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blur a picture against noise and blocks, and stretch its contrast to all of 0–255.

    Args:
        rgb: uint8 (H, W, 3).

    Returns:
        uint8, the same shape. A larger picture keeps the detail of one of ``RESTORED_SIDE`` px, which is more
        than the detector sees.
    """
    height, width = rgb.shape[:2]
    shrink = min(1.0, RESTORED_SIDE / max(height, width))
    small = cv2.resize(rgb, scaled_size(height, width, shrink), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), SOFTNESS * max(small.shape[:2]))
    cv2.normalize(soft, soft, 0, 255, cv2.NORM_MINMAX)
    return np.asarray(cv2.resize(soft, (width, height)) if shrink < 1 else soft, np.uint8)
