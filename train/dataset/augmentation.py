"""Augmentation of a labelled face: another crop, light, sharpness, compression, and a covered part.

Strengths are chosen so that the expression can still be recognized. The region of the face moves instead of
the picture: the effect on the landmark model is the same, and no border comes into view.
"""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.sizes import scaled_size
from edge.core.types import Roi

SHIFT = 0.03
"""Standard deviation of the shift of the region, in sides of the region."""
ZOOM = 0.07
"""Standard deviation of the logarithm of its size."""
TURN = 0.08
"""Standard deviation of its rotation, radians."""


def augment(picture: NDArray[np.uint8], roi: Roi, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Roi]:
    """The picture, uint8 (H, W, 3), mirrored or distorted half of the time each, and the region of the
    face in it, moved."""
    if rng.random() < 0.5:
        picture, roi = mirror(picture, roi)
    roi = move(roi, rng)
    return (distort(picture, roi, rng) if rng.random() < 0.5 else picture), roi


def mirror(picture: NDArray[np.uint8], roi: Roi) -> tuple[NDArray[np.uint8], Roi]:
    """The mirror image of a picture, uint8 (H, W, 3), and the region of the face in it."""
    flipped = np.ascontiguousarray(picture[:, ::-1])
    return flipped, Roi(picture.shape[1] - roi.center_x, roi.center_y, roi.size, -roi.rotation)


def move(roi: Roi, rng: np.random.Generator) -> Roi:
    """A region as another detector, or the same detector in the next frame, would find it."""
    dx, dy = rng.normal(0, SHIFT, 2) * roi.size
    size = roi.size * math.exp(rng.normal(0, ZOOM))
    return Roi(roi.center_x + dx, roi.center_y + dy, size, roi.rotation + rng.normal(0, TURN))


def distort(picture: NDArray[np.uint8], roi: Roi, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Light, gamma, blur, low resolution, noise, JPEG and a patch over the face, each with some probability.

    Blur and patches grow with the face. Both pictures are uint8 (H, W, 3); the given one is not changed.
    """
    values: NDArray[np.floating[Any]] = picture.astype(np.float32)
    if rng.random() < 0.8:
        contrast, brightness = math.exp(rng.normal(0, 0.2)), rng.normal(0, 18)
        middle = values.mean()
        values = (values - middle) * contrast + middle + brightness
    if rng.random() < 0.3:
        values = 255 * (values.clip(0, 255) / 255) ** math.exp(rng.normal(0, 0.3))
    if rng.random() < 0.15:
        values = np.asarray(
            cv2.GaussianBlur(values, (0, 0), roi.size * rng.uniform(0.004, 0.016)), np.float32
        )
    if rng.random() < 0.1:
        values = _low_resolution(values, max(1.0, roi.size / rng.uniform(36, 72)))
    if rng.random() < 0.25:
        values = values + rng.normal(0, rng.uniform(2, 14), values.shape[:2])[:, :, None]
    if rng.random() < 0.2:
        values = _patch(values, roi, rng)
    result = values.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        _, code = cv2.imencode(".jpg", result, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        result = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return result


def _low_resolution(values: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """A picture with the detail of one that is smaller by ``factor`` along each side."""
    height, width = values.shape[:2]
    small = cv2.resize(values, scaled_size(height, width, 1 / factor), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _patch(values: NDArray[np.float32], roi: Roi, rng: np.random.Generator) -> NDArray[np.float32]:
    """A grey rectangle somewhere on the face (DeVries and Taylor, 2017, arXiv:1708.04552)."""
    x, y = np.array([roi.center_x, roi.center_y]) + rng.uniform(-0.35, 0.35, 2) * roi.size
    half_width, half_height = rng.uniform(0.05, 0.17, 2) * roi.size
    left, top = max(0, int(x - half_width)), max(0, int(y - half_height))
    covered = values.copy()
    covered[top : max(0, int(y + half_height)), left : max(0, int(x + half_width))] = rng.uniform(0, 255)
    return covered
