"""How a labelled picture becomes a frame for the face detector.

FER2013's 48×48 pictures show the face from edge to edge. They can be enlarged and are given a margin;
both are settings, recorded wherever a figure depends on them.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import ConfigError

MAX_SIDE = 512
"""Longer side up to which a picture is enlarged, px; ``scale`` leaves larger pictures as they are."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """Scale and margin of pictures; the margin is added after scaling.

    With the defaults the most faces of FER2013 are found. Enlarging gains nothing there, since the crops that
    the models see are resampled anyway.
    """

    scale: float = 1.0
    """Enlargement of both sides, cubic interpolation, 1…16."""
    padding: float = 0.3
    """Margin on each side as a part of the longer side, 0…2; the border pixels are repeated."""

    def __post_init__(self) -> None:
        if not 1 <= self.scale <= 16:  # also false for NaN
            raise ConfigError(f"scale must be 1…16, not {self.scale}")
        if not 0 <= self.padding <= 2:
            raise ConfigError(f"padding must be 0…2 (part of the longer side), not {self.padding}")


def prepare(picture: NDArray[np.uint8], scale: float, padding: float) -> NDArray[np.uint8]:
    """Enlarge and pad a picture.

    Args:
        picture: uint8 (H, W) grey or (H, W, 3) RGB.
        scale: factor of both sides, reduced so that the longer side stays within ``MAX_SIDE``,
            but never below 1.
        padding: margin on each side, as a part of the longer side of the enlarged picture.

    Returns:
        uint8 (H', W', 3) RGB, C-contiguous.
    """
    longer = max(picture.shape[:2])
    factor = max(1.0, min(scale, MAX_SIDE / longer))
    if factor > 1:
        picture = np.asarray(
            cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), np.uint8
        )
    margin = math.floor(padding * max(picture.shape[:2]) + 0.5)
    if margin:
        picture = np.asarray(
            cv2.copyMakeBorder(picture, margin, margin, margin, margin, cv2.BORDER_REPLICATE), np.uint8
        )
    rgb = picture if picture.ndim == 3 else np.repeat(picture[:, :, None], 3, axis=2)
    return np.ascontiguousarray(rgb)
