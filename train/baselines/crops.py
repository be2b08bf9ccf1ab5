"""Pictures of faces, cut out around their landmarks: face detection before a method on pixels."""

import cv2
import numpy as np
from numpy.typing import NDArray

from train.teacher.face_square import cut_out

CROP_SIDE = 64
"""Side of a crop, px."""


def crop_of(prepared: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The square around a face, grey: uint8 (64, 64).

    Args:
        prepared: uint8 (H, W, 3), RGB, from ``evaluation.prepare``.
        landmarks: float32 (468, 3), px of it.
    """
    return np.asarray(cv2.cvtColor(cut_out(prepared, landmarks, CROP_SIDE), cv2.COLOR_RGB2GRAY), np.uint8)
