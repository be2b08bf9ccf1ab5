"""Parts of the face covered with one shade of grey, placed by the landmarks of the clean picture.

Each function takes an RGB picture uint8 (H, W, 3), landmarks float32 (468, 2 or more) in px of it, the
constant of its severity and a generator, and gives uint8 of the same shape.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.features import EYE_ANCHORS, MESH_POINTS
from evaluation.corruptions.pictures import Picture, Rng
from evaluation.corruptions.regions import OVAL, REGIONS

SHADES = {"eyes": 16, "brows": 48, "nose": 128, "mouth": 208}
"""Grey value, 0–255, of the cover of each region: dark glasses, a fringe, a plaster, a mask."""
GREY = 128
"""Grey value, 0–255, of the cover of halves and patches."""

Landmarks = NDArray[np.float32]
Occlusion = Callable[[Picture, Landmarks, float, Rng], Picture]
_Mask = NDArray[np.bool_]

_LEFT, _RIGHT = EYE_ANCHORS[MESH_POINTS]


def eye_distance(landmarks: Landmarks) -> float:
    """Distance of the outer eye corners, px, in x and y."""
    dx, dy = (landmarks[_RIGHT, :2] - landmarks[_LEFT, :2]).tolist()
    return math.hypot(dx, dy)


def cover(region: str) -> Occlusion:
    """The occlusion of a region of ``REGIONS``: the convex hull of each piece, grown by ``margin`` outer-eye
    distances to all sides. The mouth's ends where the face does, as a mask."""

    def occlude(rgb: Picture, landmarks: Landmarks, margin: float, rng: Rng) -> Picture:
        mask = region_mask(rgb.shape[:2], landmarks, region, margin)
        return _painted(rgb, mask, SHADES[region])

    return occlude


def region_mask(shape: tuple[int, ...], landmarks: Landmarks, region: str, margin: float) -> _Mask:
    """Mask of the pixels that ``cover`` covers: bool (H, W)."""
    mask = np.zeros(shape, bool)
    for piece in REGIONS[region]:
        mask |= _hull(shape, landmarks[list(piece), :2])
    radius = round(margin * eye_distance(landmarks))
    if radius:
        disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        mask = cv2.dilate(mask.astype(np.uint8), disk).astype(bool)
    return mask & _face(shape, landmarks) if region == "mouth" else mask


def left_part(rgb: Picture, landmarks: Landmarks, share: float, rng: Rng) -> Picture:
    """The picture with ``share`` of the face's width covered, from its left edge (in the picture) on."""
    return _painted(rgb, _along_eyes(rgb.shape[:2], landmarks) <= share, GREY)


def right_part(rgb: Picture, landmarks: Landmarks, share: float, rng: Rng) -> Picture:
    """The picture with ``share`` of the face's width covered, from its right edge on."""
    return _painted(rgb, _along_eyes(rgb.shape[:2], landmarks) >= 1 - share, GREY)


def patch(rgb: Picture, landmarks: Landmarks, share: float, rng: Rng) -> Picture:
    """The picture with a random rectangle covered, of ``share`` of the area of the box around the face.

    Its sides are √share · e^±a of the box's, with a drawn from −0.25…0.25.
    """
    low, high = landmarks[list(OVAL), :2].min(axis=0), landmarks[list(OVAL), :2].max(axis=0)
    stretch = math.exp(rng.uniform(-0.25, 0.25))
    size = (high - low) * math.sqrt(share) * np.array([stretch, 1 / stretch])
    corner = low + rng.random(2) * (high - low - size)
    (left, top), (right, bottom) = np.rint([corner, corner + size]).astype(int).clip(0).tolist()
    mask = np.zeros(rgb.shape[:2], bool)
    mask[top:bottom, left:right] = True
    return _painted(rgb, mask, GREY)


def _along_eyes(shape: tuple[int, ...], landmarks: Landmarks) -> NDArray[np.float32]:
    """Where each pixel of the face lies between its left (0) and right edge (1), along the line of the eyes:
    float32 (H, W); NaN beside the face."""
    direction = landmarks[_RIGHT, :2] - landmarks[_LEFT, :2]
    outline = landmarks[list(OVAL), :2] @ direction
    y, x = np.indices(shape, np.float32)
    along = x * direction[0] + y * direction[1]
    along = (along - outline.min()) / (outline.max() - outline.min())
    return np.where(_face(shape, landmarks), along, np.float32(np.nan))


def _face(shape: tuple[int, ...], landmarks: Landmarks) -> _Mask:
    return _hull(shape, landmarks[list(OVAL), :2])


def _hull(shape: tuple[int, ...], points: NDArray[np.float32]) -> _Mask:
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(points).astype(np.int32)), (1,))
    return mask.astype(bool)


def _painted(rgb: Picture, mask: _Mask, shade: int) -> Picture:
    covered = rgb.copy()
    covered[mask] = shade
    return covered
