"""Synthetic errors of the landmark network: landmarks that jitter, and areas of the face without landmarks.

``train.dataset.augmentation`` varies the picture, which costs a run of the landmark network for each
variation; this varies the landmarks themselves, anew in each step.
"""

import numpy as np
from numpy.typing import NDArray

from edge.core.features import EYE_ANCHORS

DROPOUT_RADIUS = (0.1, 0.7)
"""Smallest and largest radius of the disk whose landmarks are lost, in distances between the outer eye
corners."""

Features = NDArray[np.float32]


class LandmarkNoise:
    """Noise on the input ``landmarks``: float32 (B, P·D), aligned before and after."""

    def __init__(self, mean: Features, jitter: float, dropout: float) -> None:
        """
        Args:
            mean: float32 (P·D,), mean of the training rows, which replaces lost landmarks.
            jitter: largest standard deviation of the noise, in distances between the outer eye corners;
                each row draws its own, mostly a much smaller one.
            dropout: share of the rows in which the landmarks around one of them are lost.
        """
        points = next(n for n in EYE_ANCHORS if len(mean) in (2 * n, 3 * n))
        self._mean = mean.reshape(points, -1)
        self._anchors = EYE_ANCHORS[points]
        self._jitter, self._dropout = jitter, dropout

    def __call__(self, landmarks: Features, rng: np.random.Generator) -> Features:
        """The rows as a less accurate landmark network would give them."""
        points = landmarks.reshape(len(landmarks), *self._mean.shape)
        if self._jitter:
            points = self._jittered(points, rng)
        if self._dropout:
            points = self._with_holes(points, rng)
        return points.reshape(landmarks.shape)

    def _jittered(self, points: Features, rng: np.random.Generator) -> Features:
        sigma = self._jitter * rng.random((len(points), 1, 1), np.float32) ** 2
        return _aligned(points + sigma * rng.standard_normal(points.shape, np.float32), self._anchors)

    def _with_holes(self, points: Features, rng: np.random.Generator) -> Features:
        """Replace the landmarks in a disk by the mean face; never the eye anchors, which align the rest."""
        middle = self._mean[rng.integers(len(self._mean), size=len(points)), :2]  # (B, 2)
        radius = rng.uniform(*DROPOUT_RADIUS, size=len(points)) * (rng.random(len(points)) < self._dropout)
        distance = np.linalg.norm(self._mean[None, :, :2] - middle[:, None], axis=2)  # (B, P)
        lost = distance < radius[:, None]
        lost[:, self._anchors] = False
        return np.where(lost[:, :, None], self._mean, points)


def _aligned(points: Features, anchors: tuple[int, int]) -> Features:
    """``edge.core.features.align`` for (B, P, D) at once, in float32."""
    left, right = points[:, anchors[0]], points[:, anchors[1]]  # (B, D)
    centred = points - ((left + right) / 2)[:, None]
    dx, dy = (right - left)[:, :2].T
    distance = np.hypot(dx, dy)
    cos, sin = (dx / distance)[:, None], (dy / distance)[:, None]
    x, y = centred[..., 0], centred[..., 1]
    turned = np.stack([x * cos + y * sin, y * cos - x * sin, *np.moveaxis(centred[..., 2:], 2, 0)], axis=2)
    result: Features = (turned / distance[:, None, None]).astype(np.float32)
    return result
