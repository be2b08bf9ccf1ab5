"""The orientation of frames: what a file states, and how a camera is mounted.

OpenCV's own rotation differs between its releases and between formats. So it is switched off, and pixels are
turned here.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.settings import ROTATIONS
from edge.sources import containers

_CODES = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclass(frozen=True, slots=True)
class Turn:
    """A rotation, and then a mirroring."""

    rotate: int = 0
    """Degrees clockwise, one of ``ROTATIONS``."""
    mirror: bool = False
    """Whether left and right are exchanged after the rotation."""

    def apply(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Rotate and mirror a picture.

        Args:
            rgb: uint8 (H, W, 3).

        Returns:
            uint8 (H, W, 3) or (W, H, 3), C-contiguous; ``rgb`` itself where nothing is to be turned.
        """
        if self.rotate:
            rgb = np.asarray(cv2.rotate(rgb, _CODES[self.rotate]), np.uint8)
        if self.mirror:
            rgb = np.asarray(cv2.flip(rgb, 1), np.uint8)
        return rgb


UPRIGHT = Turn()

_BY_EXIF = {
    2: Turn(0, mirror=True),
    3: Turn(180),
    4: Turn(180, mirror=True),
    5: Turn(90, mirror=True),
    6: Turn(90),
    7: Turn(270, mirror=True),
    8: Turn(270),
}
"""Value of the EXIF tag Orientation → the turn that makes the picture upright."""

_AVIF_HEAD = 100_000
"""Number of bytes in which the properties of an AVIF are searched; they come before the pixels."""


def turn_of_picture(data: bytes) -> Turn:
    """The turn that makes a picture upright which OpenCV has decoded with ``IMREAD_IGNORE_ORIENTATION``.

    It follows the EXIF of a JPEG, PNG or WebP, and the image properties of an AVIF, which override its EXIF.
    TIFF needs none: OpenCV turns it in spite of that flag.
    """
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return _turn_of_avif(data)
    return _BY_EXIF.get(containers.orientation(data), UPRIGHT)


def _turn_of_avif(data: bytes) -> Turn:
    """ISO/IEC 23008-12, 6.5.10 and 6.5.12: quarter turns counter-clockwise, then a mirror axis."""
    quarters, axis = _property(data, b"irot"), _property(data, b"imir")
    rotate = -90 * ((quarters or 0) & 3) - (180 if axis == 0 else 0)  # axis 0 exchanges top and bottom
    return Turn(rotate % 360, mirror=axis is not None)


def _property(data: bytes, name: bytes) -> int | None:
    """The one byte of a property of an AVIF; None where there is none of that name."""
    box = (9).to_bytes(4, "big") + name
    place = data.find(box, 0, _AVIF_HEAD)
    value = data[place + len(box) : place + len(box) + 1] if place >= 0 else b""
    return value[0] if value else None


def turn_of_video(capture: cv2.VideoCapture) -> Turn:
    """The turn that makes the frames of a video or stream upright; switches off OpenCV's own."""
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
    clockwise = round(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 360
    if cv2.__version__.startswith("4.6."):  # this release (Debian 12 has it) counts the other way round
        clockwise = -clockwise % 360
    return Turn(clockwise) if clockwise in ROTATIONS else UPRIGHT
