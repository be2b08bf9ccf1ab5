"""Synthetic errors of the landmark network: jitter, lost points, a face region that is off.

Functions on landmarks take those of the clean face, float32 (468, 3) in px, those of a mean face, aligned as
``edge.core.features.align`` does, the constant of the severity and a generator; they give the landmarks of
one frame or of several. Lengths are in outer-eye distances of the clean face, in x and y; z gets the same
noise.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.features import EYE_ANCHORS, MESH_POINTS
from edge.core.types import Roi
from evaluation.corruptions.occlusions import Landmarks, eye_distance
from evaluation.corruptions.pictures import Rng
from evaluation.corruptions.regions import REGIONS

DRIFT_FRAMES = 10
"""Number of frames of one face under ``drift``."""
DRIFT_CORRELATION = 0.9
"""Correlation of a point's noise between one frame and the next."""

LandmarkNoise = Callable[[Landmarks, Landmarks, float, Rng], list[Landmarks]]

_LEFT, _RIGHT = EYE_ANCHORS[MESH_POINTS]


def jitter(landmarks: Landmarks, mean_face: Landmarks, sigma: float, rng: Rng) -> list[Landmarks]:
    """Normal noise of ``sigma`` outer-eye distances, each coordinate of each point by itself; one frame."""
    return [landmarks + _noise(landmarks, sigma, rng)]


def drift(landmarks: Landmarks, mean_face: Landmarks, sigma: float, rng: Rng) -> list[Landmarks]:
    """``DRIFT_FRAMES`` frames of the same face with noise that is correlated in time.

    A stationary autoregressive process of order 1: e₀ ~ N(0, σ²), eₜ = ρ eₜ₋₁ + √(1 − ρ²) N(0, σ²). Each
    frame by itself is ``jitter``.
    """
    noise = _noise(landmarks, sigma, rng)
    frames = [landmarks + noise]
    fresh = np.float32(math.sqrt(1 - DRIFT_CORRELATION**2))
    while len(frames) < DRIFT_FRAMES:
        noise = np.float32(DRIFT_CORRELATION) * noise + fresh * _noise(landmarks, sigma, rng)
        frames.append(landmarks + noise)
    return frames


def lose(region: str) -> LandmarkNoise:
    """A corruption that puts all points of a region, grown by a margin, where the mean face has them.

    The mean face is laid onto the face by the outer eye corners, which therefore are never lost.
    """

    def lost(landmarks: Landmarks, mean_face: Landmarks, margin: float, rng: Rng) -> list[Landmarks]:
        gone = points_within(landmarks, region, margin)
        gone[[_LEFT, _RIGHT]] = False
        result = landmarks.copy()
        result[gone] = laid_on(mean_face, landmarks)[gone]
        return [result]

    return lost


def points_within(landmarks: Landmarks, region: str, margin: float) -> NDArray[np.bool_]:
    """Mask of the points in the convex hull of a piece of the region, or within ``margin`` outer-eye
    distances of it, in x and y: bool (468,)."""
    inside = np.zeros(len(landmarks), bool)
    most = margin * eye_distance(landmarks) + 1e-3  # corners of the hull are in it
    for piece in REGIONS[region]:
        hull = cv2.convexHull(np.ascontiguousarray(landmarks[list(piece), :2]))
        depth = [cv2.pointPolygonTest(hull, point, True) for point in landmarks[:, :2].tolist()]
        inside |= np.array(depth) >= -most
    return inside


def laid_on(aligned: NDArray[np.float32], landmarks: Landmarks) -> Landmarks:
    """Aligned points, float32 (468, 3), in px again, laid onto the outer eye corners of ``landmarks``."""
    dx, dy = (landmarks[_RIGHT, :2] - landmarks[_LEFT, :2]).tolist()
    middle = (landmarks[_LEFT, :2] + landmarks[_RIGHT, :2]) / 2
    x, y, z = aligned.astype(np.float64).T
    columns = [x * dx - y * dy + middle[0], x * dy + y * dx + middle[1], z * math.hypot(dx, dy)]
    return np.asarray(np.stack(columns, axis=1), np.float32)


def shift_roi(roi: Roi, share: float, rng: Rng) -> Roi:
    """The region moved by ``share`` of its side in a random direction."""
    angle = rng.uniform(0, 2 * math.pi)
    dx, dy = share * roi.size * math.cos(angle), share * roi.size * math.sin(angle)
    return Roi(roi.center_x + dx, roi.center_y + dy, roi.size, roi.rotation)


def scale_roi(roi: Roi, factor: float, rng: Rng) -> Roi:
    """The region with its side multiplied or divided by ``factor``, at random."""
    size = roi.size * factor ** float(rng.choice((-1, 1)))
    return Roi(roi.center_x, roi.center_y, size, roi.rotation)


def turn_roi(roi: Roi, degrees: float, rng: Rng) -> Roi:
    """The region turned by ``degrees`` to a random side."""
    rotation = roi.rotation + math.radians(degrees) * float(rng.choice((-1, 1)))
    return Roi(roi.center_x, roi.center_y, roi.size, rotation)


def _noise(landmarks: Landmarks, sigma: float, rng: Rng) -> NDArray[np.float32]:
    scale = np.float32(sigma * eye_distance(landmarks))
    return scale * rng.standard_normal(landmarks.shape, np.float32)
