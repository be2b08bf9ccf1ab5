"""A second version of a single picture, for where noise, blocks or too little contrast hide the face."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.sizes import scaled_size

SOFTNESS = 0.012
"""Standard deviation of the blur against noise and blocks, in parts of the picture's longer side."""
RESTORED_SIDE = 640
"""A larger picture is restored at this length of its longer side, px: blurring it would take seconds."""


def restored(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What noise, blocks or too little contrast hide: softened, and stretched to all of 0–255.

    Args:
        rgb: uint8 (H, W, 3).

    Returns:
        The same shape. Of a larger picture no detail under ``RESTORED_SIDE`` is left, which is more than
        the detector sees.
    """
    height, width = rgb.shape[:2]
    shrink = min(1.0, RESTORED_SIDE / max(height, width))
    small = cv2.resize(rgb, scaled_size(height, width, shrink), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), SOFTNESS * max(small.shape[:2]))
    cv2.normalize(soft, soft, 0, 255, cv2.NORM_MINMAX)
    return np.asarray(cv2.resize(soft, (width, height)) if shrink < 1 else soft, np.uint8)
