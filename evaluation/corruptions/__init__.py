"""The corruptions of pictures and landmarks: names, functions, severities.

``docs/reference/robustness-protocol.md`` describes them. Severities are 1…5; each table holds the function
and the five constants of each corruption, by its name.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.sizes import scaled_size
from evaluation import prepare
from evaluation.corruptions import landmarks, occlusions, pictures
from evaluation.corruptions.pictures import SIDE, Picture
from evaluation.corruptions.regions import REGIONS

SEVERITIES = (1, 2, 3, 4, 5)

PADDING = 0.3
"""Margin on each side, as a part of the picture's longer side; the border pixels are repeated."""


@dataclass(frozen=True, slots=True)
class Corruption:
    """One kind of damage, in five strengths."""

    apply: Callable[..., Any]
    """(what is damaged, constant, generator) → the damaged result; see the table of the corruption."""
    constants: tuple[Any, ...]
    """Constant of each of ``SEVERITIES``."""

    def __call__(self, *damaged: Any, severity: int, rng: np.random.Generator) -> Any:
        """Apply the damage with a severity of 1…5."""
        return self.apply(*damaged, self.constants[severity - 1], rng)


PICTURES = {
    "gaussian_noise": Corruption(pictures.gaussian_noise, (0.08, 0.12, 0.18, 0.26, 0.38)),
    "shot_noise": Corruption(pictures.shot_noise, (60, 25, 12, 5, 3)),
    "impulse_noise": Corruption(pictures.impulse_noise, (0.03, 0.06, 0.09, 0.17, 0.27)),
    "defocus_blur": Corruption(pictures.defocus_blur, ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))),
    "motion_blur": Corruption(pictures.motion_blur, ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))),
    "zoom_blur": Corruption(
        pictures.zoom_blur, ((1.11, 0.01), (1.15, 0.01), (1.20, 0.02), (1.24, 0.02), (1.30, 0.03))
    ),
    "brighter": Corruption(pictures.light, (0.1, 0.2, 0.3, 0.4, 0.5)),
    "darker": Corruption(pictures.light, (-0.1, -0.2, -0.3, -0.4, -0.5)),
    "contrast": Corruption(pictures.contrast, (0.4, 0.3, 0.2, 0.1, 0.05)),
    "jpeg": Corruption(pictures.jpeg, (25, 18, 15, 10, 7)),
    "pixelate": Corruption(pictures.pixelate, (48, 36, 28, 20, 14)),
    "low_resolution": Corruption(pictures.low_resolution, (40, 32, 24, 18, 12)),
    "rotation": Corruption(pictures.rotation, (10, 20, 30, 45, 60)),
}
"""(picture) → picture."""

OCCLUSIONS = {
    "covered_eyes": Corruption(occlusions.cover("eyes"), (0, 0.05, 0.1, 0.15, 0.2)),
    "covered_brows": Corruption(occlusions.cover("brows"), (0, 0.04, 0.08, 0.12, 0.16)),
    "covered_nose": Corruption(occlusions.cover("nose"), (0, 0.04, 0.08, 0.12, 0.16)),
    "covered_mouth": Corruption(occlusions.cover("mouth"), (0, 0.1, 0.2, 0.3, 0.4)),
    "covered_left": Corruption(occlusions.left_part, (0.1, 0.2, 0.3, 0.4, 0.5)),
    "covered_right": Corruption(occlusions.right_part, (0.1, 0.2, 0.3, 0.4, 0.5)),
    "covered_patch": Corruption(occlusions.patch, (0.1, 0.2, 0.3, 0.4, 0.5)),
}
"""(picture, landmarks) → picture."""

_SIGMAS = (0.005, 0.01, 0.02, 0.03, 0.05)

LANDMARKS = {
    "jitter": Corruption(landmarks.jitter, _SIGMAS),
    "drift": Corruption(landmarks.drift, _SIGMAS),
    **{f"lost_{region}": Corruption(landmarks.lose(region), (0, 0.05, 0.1, 0.2, 0.3)) for region in REGIONS},
}
"""(landmarks, mean face) → landmarks of each frame."""

REGIONS_OF_INTEREST = {
    "roi_shift": Corruption(landmarks.shift_roi, (0.03, 0.06, 0.09, 0.12, 0.15)),
    "roi_scale": Corruption(landmarks.scale_roi, (1.1, 1.2, 1.3, 1.4, 1.5)),
    "roi_rotation": Corruption(landmarks.turn_roi, (5, 10, 15, 20, 30)),
}
"""(region of the face) → region."""

OF_PICTURES = (*PICTURES, *OCCLUSIONS)
"""Names of the corruptions that damage the picture before detection: the mCE is over them."""
OF_FACES = (*LANDMARKS, *REGIONS_OF_INTEREST)
"""Names of the corruptions of the face found in the clean picture: they need a system with landmarks."""


def generator(seed: int, name: str, severity: int, index: int) -> np.random.Generator:
    """The random generator of one picture: PCG64 seeded with these four numbers, the corruption's name by its
    CRC-32; ``index``: see ``NumberedSample``."""
    return np.random.default_rng([seed, zlib.crc32(name.encode()), severity, index])


def damaged(
    name: str,
    rgb: Picture,
    landmarks: NDArray[np.float32] | None,
    severity: int,
    rng: np.random.Generator,
) -> Picture:
    """A picture under a corruption of ``OF_PICTURES``.

    Args:
        name: the corruption.
        rgb: uint8 (H, W, 3), from ``make_frame``.
        landmarks: float32 (468, 3), px, of the face in it; None: no face was found, so that nothing says
            where to cover it, and an occlusion leaves the picture as it is.
        severity: 1…5.
        rng: see ``generator``.
    """
    if name in PICTURES:
        result: Picture = PICTURES[name](rgb, severity=severity, rng=rng)
    elif landmarks is None:
        result = rgb
    else:
        result = OCCLUSIONS[name](rgb, landmarks, severity=severity, rng=rng)
    return result


def make_frame(picture: NDArray[np.uint8]) -> Picture:
    """A picture as every system gets it: the longer side ``SIDE`` px (cubic; smaller ones by area), with a
    margin of ``PADDING``.

    Args:
        picture: uint8 (H, W) grey or (H, W, 3) RGB.

    Returns:
        uint8 (H', W', 3) RGB, C-contiguous.
    """
    height, width = picture.shape[:2]
    factor = SIDE / max(height, width)
    size = scaled_size(height, width, factor)
    method = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
    return prepare(np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8), 1.0, PADDING)
