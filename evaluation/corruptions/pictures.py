"""Corruptions of the whole picture: noise, blur, light, resolution, compression, rotation.

Each function takes an RGB picture uint8 (H, W, 3), the constant of its severity and a generator, and gives
uint8 of the same shape; the picture itself is left as it is. Lengths are in px of a picture of ``SIDE`` px
without its margin. Noise, blur, contrast, zoom, JPEG and their constants follow ImageNet-C (Hendrycks &
Dietterich, 2019, arXiv:1903.12261); ``docs/reference/robustness-protocol.md`` has the formulas.
"""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.sizes import scaled_size

SIDE = 224
"""Longer side of every picture without its margin, px: that of ImageNet-C, so that its constants hold."""

Picture = NDArray[np.uint8]
Rng = np.random.Generator


def gaussian_noise(rgb: Picture, sigma: float, rng: Rng) -> Picture:
    """Normal noise of standard deviation ``sigma`` (white is 1), each value by itself."""
    return _to_bytes(_to_unit(rgb) + np.float32(sigma) * rng.standard_normal(rgb.shape, np.float32))


def shot_noise(rgb: Picture, photons: float, rng: Rng) -> Picture:
    """Poisson noise, ``photons`` of them for white."""
    return _to_bytes(rng.poisson(_to_unit(rgb) * photons) / photons)


def impulse_noise(rgb: Picture, share: float, rng: Rng) -> Picture:
    """Salt and pepper: this share of all values is black or white, half and half."""
    draw = rng.random(rgb.shape, np.float32)
    noisy = rgb.copy()
    noisy[draw < share] = 255
    noisy[draw < share / 2] = 0
    return noisy


def defocus_blur(rgb: Picture, lens: tuple[int, float], rng: Rng) -> Picture:
    """Mean over a disk: radius px, and the Gaussian σ px that softens its rim."""
    radius, sigma = lens
    steps = np.arange(-radius - 2, radius + 3)
    disk = (steps[:, None] ** 2 + steps**2 <= radius**2).astype(np.float32)
    return _filtered(rgb, cv2.GaussianBlur(disk, (5, 5), sigma, borderType=cv2.BORDER_CONSTANT))


def motion_blur(rgb: Picture, path: tuple[int, float], rng: Rng) -> Picture:
    """Half a Gaussian (length px, σ px) along a line at an angle drawn from −45…45°."""
    length, sigma = path
    angle = math.radians(rng.uniform(-45, 45))
    kernel = np.zeros((2 * length + 3, 2 * length + 3), np.float32)
    for step in range(length + 1):
        x, y = length + 1 + step * math.cos(angle), length + 1 + step * math.sin(angle)
        left, top = int(x), int(y)
        weight = math.exp(-(step**2) / (2 * sigma**2))
        kernel[top, left] += weight * (left + 1 - x) * (top + 1 - y)
        kernel[top, left + 1] += weight * (x - left) * (top + 1 - y)
        kernel[top + 1, left] += weight * (left + 1 - x) * (y - top)
        kernel[top + 1, left + 1] += weight * (x - left) * (y - top)
    return _filtered(rgb, kernel)


def zoom_blur(rgb: Picture, zoom: tuple[float, float], rng: Rng) -> Picture:
    """Mean of the picture and of its enlargements from 1 to ``zoom[0]`` in steps of ``zoom[1]``."""
    most, step = zoom
    factors = 1 + step * np.arange(round((most - 1) / step) + 1)
    total = rgb.astype(np.float32)
    for factor in factors:
        total += _warped(rgb, 0, float(factor))
    return _to_bytes(total / (255 * (len(factors) + 1)))


def light(rgb: Picture, change: float, rng: Rng) -> Picture:
    """``change`` added to V of HSV (white is 1): brighter, or darker where it is negative."""
    hsv = cv2.cvtColor(_to_unit(rgb), cv2.COLOR_RGB2HSV)
    hsv[:, :, 2] = (hsv[:, :, 2] + change).clip(0, 1)
    return _to_bytes(np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)))


def contrast(rgb: Picture, factor: float, rng: Rng) -> Picture:
    """Distance of each value from its channel's mean, times ``factor``."""
    values = _to_unit(rgb)
    mean = values.mean(axis=(0, 1), keepdims=True)
    return _to_bytes((values - mean) * factor + mean)


def jpeg(rgb: Picture, quality: int, rng: Rng) -> Picture:
    """The picture compressed by libjpeg at ``quality`` (0–100), chroma at half the resolution, and back."""
    _, code = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(code, cv2.IMREAD_COLOR)
    assert decoded is not None  # it was encoded in the line above
    return _picture(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB))


def pixelate(rgb: Picture, pixels: int, rng: Rng) -> Picture:
    """``pixels`` squares of one colour, its mean, along the longer side."""
    return _reduced(rgb, pixels, cv2.INTER_NEAREST)


def low_resolution(rgb: Picture, pixels: int, rng: Rng) -> Picture:
    """``pixels`` pixels along the longer side, enlarged again, cubic: a face far away."""
    return _reduced(rgb, pixels, cv2.INTER_CUBIC)


def rotation(rgb: Picture, degrees: float, rng: Rng) -> Picture:
    """The picture turned around its middle to a random side; border pixels are repeated."""
    return _warped(rgb, float(degrees * rng.choice((-1, 1))), 1)


def _reduced(rgb: Picture, pixels: int, back: int) -> Picture:
    height, width = rgb.shape[:2]
    size = scaled_size(height, width, pixels / SIDE)
    return _picture(
        cv2.resize(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), (width, height), interpolation=back)
    )


def _warped(rgb: Picture, degrees: float, factor: float) -> Picture:
    height, width = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, factor)
    return _picture(cv2.warpAffine(rgb, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))


def _filtered(rgb: Picture, kernel: NDArray[Any]) -> Picture:
    return _picture(cv2.filter2D(rgb, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE))


def _to_unit(rgb: Picture) -> NDArray[np.float32]:
    return rgb.astype(np.float32) / np.float32(255)


def _to_bytes(values: NDArray[np.floating[Any]]) -> Picture:
    return _picture(np.rint(values.clip(0, 1) * 255).astype(np.uint8))


def _picture(values: object) -> Picture:
    return np.ascontiguousarray(values, np.uint8)
