"""Damage up to a level that is measured on the face itself: its pixels, its brightness, its sharpness.

Each function takes an RGB picture uint8 (H, W, 3), landmarks float32 (468 or 478, 3) in px of it, and a
level, and gives the whole picture damaged, uint8 (H', W', 3), or None where the face is no better than that
level as it is. The picture itself is left as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from edge.core.sizes import scaled_size
from edge.core.types import Box, Reason
from edge.head.reasons import light
from evaluation.corruptions.occlusions import Landmarks, eye_distance
from evaluation.corruptions.pictures import Picture


@dataclass(frozen=True, slots=True)
class Grades:
    """One kind of damage in steps."""

    apply: Callable[[Picture, Landmarks, float], Picture | None]
    levels: tuple[float, ...]
    """Levels, from the mildest on."""
    what: str
    """What a level counts, with its unit."""


def shrink(rgb: Picture, landmarks: Landmarks, pixels: float) -> Picture | None:
    """The picture reduced, by area, until the outer eye corners are ``pixels`` apart."""
    eyes = eye_distance(landmarks)
    if eyes <= pixels:
        return None
    height, width = rgb.shape[:2]
    size = scaled_size(height, width, pixels / eyes)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def darken(rgb: Picture, landmarks: Landmarks, level: float) -> Picture | None:
    """The picture scaled in brightness until the mean grey level of the face, 0–255, is ``level``."""
    seen = light(rgb, Box.around(landmarks))
    if seen is None or seen.brightness <= level:
        return None
    return np.asarray(cv2.convertScaleAbs(rgb, alpha=level / seen.brightness), np.uint8)


def blur(rgb: Picture, landmarks: Landmarks, sigma: float) -> Picture | None:
    """The picture under a Gaussian blur of ``sigma`` outer-eye distances; None where the face has no size."""
    width = sigma * eye_distance(landmarks)
    if width <= 0:
        return None
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), width, borderType=cv2.BORDER_REPLICATE), np.uint8)


GRADED = {
    Reason.SMALL: Grades(shrink, (32, 24, 16, 14, 12, 10, 8, 6), "eye distance, px"),
    Reason.DARK: Grades(darken, (80, 60, 40, 30, 20, 15, 10, 5), "mean grey level of the face"),
    Reason.BLURRED: Grades(blur, (0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12), "σ in eye distances"),
}
"""The damage that each reason is meant to notice."""
