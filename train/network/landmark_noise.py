"""Errors of the landmark network, made up for training: points that shake, points that are lost.

``augment`` varies the picture, which costs a run of the landmark network for each variation; this varies the
landmarks themselves, anew in each step.
"""

import numpy as np
from numpy.typing import NDArray

from edge.core.features import EYE_ANCHORS

LOST_RADIUS = (0.1, 0.7)
"""Of the disk whose points are lost, in distances between the outer eye corners: drawn between these."""

Features = NDArray[np.float32]


class WorseLandmarks:
    """Noise on the input ``landmarks``: float32 (B, P·D), aligned before and after."""

    def __init__(self, mean: Features, shake: float, lost: float) -> None:
        """
        Args:
            mean: float32 (P·D,), of the training rows: what lost points are replaced by.
            shake: the largest standard deviation of the noise, in distances between the outer eye corners;
                each row draws its own, most of them a much smaller one.
            lost: part of the rows in which the points around one of them are lost.
        """
        points = next(n for n in EYE_ANCHORS if len(mean) in (2 * n, 3 * n))
        self._mean = mean.reshape(points, -1)
        self._anchors = EYE_ANCHORS[points]
        self._shake, self._lost = shake, lost

    def __call__(self, landmarks: Features, rng: np.random.Generator) -> Features:
        """The rows as a worse landmark network would give them."""
        points = landmarks.reshape(len(landmarks), *self._mean.shape)
        if self._shake:
            points = self._shaken(points, rng)
        if self._lost:
            points = self._with_holes(points, rng)
        return points.reshape(landmarks.shape)

    def _shaken(self, points: Features, rng: np.random.Generator) -> Features:
        sigma = self._shake * rng.random((len(points), 1, 1), np.float32) ** 2
        return _aligned(points + sigma * rng.standard_normal(points.shape, np.float32), self._anchors)

    def _with_holes(self, points: Features, rng: np.random.Generator) -> Features:
        """Never the anchors: where they are is what the rest is measured by."""
        middle = self._mean[rng.integers(len(self._mean), size=len(points)), :2]  # (B, 2)
        radius = rng.uniform(*LOST_RADIUS, size=len(points)) * (rng.random(len(points)) < self._lost)
        distance = np.linalg.norm(self._mean[None, :, :2] - middle[:, None], axis=2)  # (B, P)
        gone = distance < radius[:, None]
        gone[:, self._anchors] = False
        return np.where(gone[:, :, None], self._mean, points)


def _aligned(points: Features, anchors: tuple[int, int]) -> Features:
    """As ``edge.core.features.align``, for (B, P, D) at once and to float32's precision."""
    left, right = points[:, anchors[0]], points[:, anchors[1]]  # (B, D)
    centred = points - ((left + right) / 2)[:, None]
    dx, dy = (right - left)[:, :2].T
    distance = np.hypot(dx, dy)
    cos, sin = (dx / distance)[:, None], (dy / distance)[:, None]
    x, y = centred[..., 0], centred[..., 1]
    turned = np.stack([x * cos + y * sin, y * cos - x * sin, *np.moveaxis(centred[..., 2:], 2, 0)], axis=2)
    result: Features = (turned / distance[:, None, None]).astype(np.float32)
    return result
