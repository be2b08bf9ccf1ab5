"""Augmentation of textures: moved, lit, blurred or sharpened, noisy, and partly covered.

``train.dataset.augmentation`` varies the pictures, which costs a run of the landmark network for each
variation; this varies the textures that were cut out of them, anew in each step. The expression can still be
recognized.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

TURN = 0.12
"""Standard deviation of the rotation, radians."""
ZOOM = 0.08
"""Standard deviation of the logarithm of the size."""
SHIFT = 1 / 32
"""Standard deviation of the shift, in sides of the texture."""

Texture = NDArray[np.float32]
"""float32 (H, W), in standard deviations."""


def augmented(textures: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Textures that were each augmented in their own way; half of them are mirrored.

    Both are float32 (B, S, S, 1) with a mean of 0 and a standard deviation of 1.
    """
    result = np.stack([_distorted(_moved(texture[:, :, 0], rng), rng) for texture in textures])
    result -= result.mean(axis=(1, 2), keepdims=True)
    result /= result.std(axis=(1, 2), keepdims=True) + np.float32(1e-3)
    return result[..., None]


def _moved(texture: Texture, rng: np.random.Generator) -> Texture:
    side = len(texture)
    scale = math.exp(rng.normal(0, ZOOM))
    turn = rng.normal(0, TURN)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    cos, sin = math.cos(turn) * scale, math.sin(turn) * scale
    linear = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
    middle = np.full(2, side / 2 - 0.5)
    shift = middle + rng.normal(0, SHIFT * side, 2) - linear @ middle
    matrix = np.column_stack([linear, shift])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(texture, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _distorted(texture: Texture, rng: np.random.Generator) -> Texture:
    """Light from the side, gamma, blur or sharpness, noise and a patch, each with some probability."""
    side = len(texture)
    if rng.random() < 0.4:
        angle, strength = rng.uniform(0, 2 * math.pi), rng.normal(0, 0.5)
        ramp = np.linspace(-1, 1, side, dtype=np.float32)
        light = np.float32(math.cos(angle)) * ramp + np.float32(math.sin(angle)) * ramp[:, None]
        texture = np.asarray(texture + np.float32(strength) * light, np.float32)
    if rng.random() < 0.3:
        low, high = float(texture.min()), float(texture.max()) + 1e-3
        exponent = math.exp(rng.normal(0, 0.35))
        texture = low + (high - low) * ((texture - low) / (high - low)) ** np.float32(exponent)
    focus = rng.random()
    if focus < 0.25:
        texture = _blurred(texture, rng.uniform(0.4, 1.6) * side / 64)
    elif focus < 0.5:
        sharpness = np.float32(rng.uniform(0.3, 1.2))
        texture = texture + sharpness * (texture - _blurred(texture, 1.2 * side / 64))
    if rng.random() < 0.35:
        noise = rng.standard_normal(texture.shape, np.float32)
        texture = texture + np.float32(rng.uniform(0.02, 0.2)) * noise
    if rng.random() < 0.25:
        width, height = (rng.uniform(0.1, 0.35, 2) * side).astype(int)
        left, top = rng.integers(0, side, 2)
        texture = texture.copy()
        # As grey as something in the picture may be (DeVries and Taylor, 2017, arXiv:1708.04552).
        texture[top : top + height, left : left + width] = rng.uniform(-2.5, 2.5)
    return texture.astype(np.float32)


def _blurred(texture: Texture, sigma: float) -> Texture:
    return np.asarray(cv2.GaussianBlur(texture, (0, 0), sigma), np.float32)
