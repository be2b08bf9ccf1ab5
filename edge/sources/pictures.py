"""Pictures as frames, and the decoding of picture files."""

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import SourceError
from edge.core.sizes import scaled_size
from edge.core.stderr import muted_stderr
from edge.core.types import Frame, SourceStats
from edge.sources import containers
from edge.sources.albums import Album
from edge.sources.opencv import MAX_SIDE, to_rgb
from edge.sources.orientation import UPRIGHT, Turn, turn_of_picture

MAX_BYTES = 1 << 28
"""Largest size of a file, bytes."""

_PIXELS = "OPENCV_IO_MAX_IMAGE_PIXELS"
_FLAGS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
"""Divisor of the sides at which a JPEG can be decoded → OpenCV's flag."""
_END_OF_JPEG = b"\xff\xd9"

_log = logging.getLogger(__name__)


class PictureSource:
    """Frames of single pictures, each of them ``still``, with its path as ``origin``; none is lost.

    ``captured_ns`` is the moment when the picture was decoded, ``position_ns`` is 0.
    """

    def __init__(self, album: Album, *, skip_broken: bool, turn: Turn = UPRIGHT) -> None:
        """
        Args:
            album: the pictures; its excluded files are counted and logged.
            skip_broken: count and log a picture that does not decode, instead of raising.
            turn: rotation and mirroring of each picture after it is upright by its own metadata.
        """
        self.stats = SourceStats()
        self._album = album
        self._skip_broken = skip_broken
        self._turn = turn
        self._closed = False

    def __iter__(self) -> Iterator[Frame]:
        """
        Raises:
            SourceError: a picture does not decode and ``skip_broken`` is not set.
        """
        if self._album.excluded:
            self.stats.skipped += len(self._album.excluded)
            _log.warning("skipped: %s", self._album.describe_excluded())
        for index, path in enumerate(self._album.pictures):
            if self._closed:
                return
            try:
                rgb = read_picture(path)
            except SourceError as error:
                if not self._skip_broken:
                    raise
                self.stats.skipped += 1
                _log.warning("skipped: %s", error)
                continue
            now = time.monotonic_ns()
            yield Frame(self._turn.apply(rgb), now, index, str(path), still=True, position_ns=0)

    def close(self) -> None:
        self._closed = True


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Decode a picture to uint8 RGB (H, W, 3), C-contiguous.

    Grey becomes RGB, alpha is dropped, 16 bits become 8, and the picture is turned as its EXIF says. One
    whose longer side is over ``MAX_SIDE`` is scaled down to it by area. A truncated JPEG is decoded as far as
    possible, the rest is grey, and a warning is logged.

    A small file may claim any size, so its header is checked first: ``edge`` sets OpenCV's limit
    ``$OPENCV_IO_MAX_IMAGE_PIXELS`` to 2^26 pixels, which take 0.4 GB on their way to RGB, unless the user has
    set another. A larger JPEG is decoded at a half, a quarter or an eighth of its sides, unless it is
    progressive or has several scans: those take the memory of the whole size all the same.

    Raises:
        SourceError: the file cannot be read, is no picture, is larger than ``MAX_BYTES``, or has more
            pixels than the limit.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(f"cannot read the picture {path}: {error.strerror}") from error
    except ValueError as error:  # an impossible file name
        raise SourceError(f"cannot read the picture {str(path)!r}: {error}") from error
    if len(data) > MAX_BYTES:
        raise SourceError(f"the picture {path} is too large: expected at most {MAX_BYTES >> 20} MB")
    return decode_picture(data, str(path))


def decode_picture(data: bytes, name: str) -> NDArray[np.uint8]:
    """Decode the bytes of a picture file, as ``read_picture`` does.

    Args:
        data: the whole file.
        name: what errors call it.

    Raises:
        SourceError: it is no picture, or has more pixels than the limit.
    """
    if not data:
        raise SourceError(f"not a picture: {name} is empty")
    bgr = _decode(data, name)
    if bgr is None:
        raise SourceError(
            f"cannot decode the picture {name}: it is damaged, or in no format that OpenCV reads"
        )
    return turn_of_picture(data).apply(to_rgb(_limit_size(bgr)))


def _decode(data: bytes, name: str) -> NDArray[Any] | None:
    """Pixels in the orientation of the file, uint8 (H, W, 3) BGR; None where OpenCV cannot decode it."""
    whole = containers.png_up_to_end(data) if data.startswith(containers.PNG) else data
    if whole is None:
        raise SourceError(f"cannot decode the picture {name}: the PNG is damaged or truncated")
    flags = _FLAGS[_reduction(data, name)] | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        bgr = cv2.imdecode(np.frombuffer(whole, np.uint8), flags)
        if bgr is None and data.startswith(containers.JPEG):
            with muted_stderr():  # the decoder prints what is missing
                bgr = cv2.imdecode(np.frombuffer(data + _END_OF_JPEG, np.uint8), flags)
            if bgr is not None:
                _log.warning("%s is truncated: decoded as far as possible", name)
    except cv2.error as error:
        if "IMAGE_PIXELS" in error.err:
            raise _too_many_pixels(name, "") from error
        raise SourceError(f"cannot decode the picture {name}: too large or damaged ({error.err})") from error
    return bgr


def _reduction(data: bytes, name: str) -> int:
    """The least divisor of its sides by which a picture stays within the limit: 1, 2, 4 or 8.

    Raises:
        SourceError: it has too many pixels by any of them.
    """
    stated, limit = containers.stated_size(data), os.environ.get(_PIXELS, "")
    if stated is None or not limit.isdecimal():  # OpenCV takes more than plain numbers
        return 1
    for divisor in _FLAGS if stated.reducible else (1,):
        if -(-stated.width // divisor) * -(-stated.height // divisor) <= int(limit):
            return divisor
    raise _too_many_pixels(name, f"{stated.width}×{stated.height} px, ")


def _too_many_pixels(name: str, size: str) -> SourceError:
    return SourceError(
        f"the picture {name} has too many pixels: {size}expected at most {os.environ.get(_PIXELS, '2^30')}; "
        f"make it smaller, or set the environment variable {_PIXELS}"
    )


def _limit_size(picture: NDArray[Any]) -> NDArray[Any]:
    height, width = picture.shape[:2]
    longer = max(height, width)
    if longer <= MAX_SIDE:
        return picture
    return cv2.resize(picture, scaled_size(height, width, MAX_SIDE / longer), interpolation=cv2.INTER_AREA)
