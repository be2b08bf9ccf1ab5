"""Pictures as frames: one, those of a folder, or those that match a glob pattern."""

import glob
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import SourceError
from edge.core.types import Frame, SourceStats
from edge.sources.opencv import to_rgb

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp")
"""File names that count as pictures, in lower case."""

MAX_BYTES = 1 << 28
"""Larger files are refused."""

MAX_SIDE = 8192
"""Pictures with a longer side, px, are scaled down to it: OpenCV's warps refuse 32768 px and more."""

_PNG = b"\x89PNG\r\n\x1a\n"

_log = logging.getLogger(__name__)


class PictureSource:
    """Each picture on its own: ``still`` is set, ``origin`` is the path, nothing is lost.

    ``captured_ns`` is the moment when the picture was decoded.
    """

    def __init__(self, paths: Sequence[Path], *, skip_broken: bool) -> None:
        """
        Args:
            paths: the pictures, in the order in which they are given.
            skip_broken: count and log a picture that does not decode, instead of raising.
        """
        self.stats = SourceStats()
        self._paths = tuple(paths)
        self._skip_broken = skip_broken
        self._closed = False

    def __iter__(self) -> Iterator[Frame]:
        """
        Raises:
            SourceError: a picture does not decode and ``skip_broken`` is not set.
        """
        for index, path in enumerate(self._paths):
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
            yield Frame(rgb, time.monotonic_ns(), index, str(path), still=True)

    def close(self) -> None:
        self._closed = True


def picture_paths(spec: str) -> list[Path]:
    """The pictures that a path or glob pattern names, sorted.

    A folder gives those directly in it whose suffix is in ``SUFFIXES``, without hidden ones; a
    pattern likewise, with ``**`` for any depth. The path of a file is returned as it is.

    Raises:
        SourceError: nothing is there, or no picture is among what is there.
    """
    path = Path(spec)
    if path.is_file():
        return [path]
    if path.is_dir():
        found = [entry for entry in path.iterdir() if not entry.name.startswith(".")]
    elif glob.has_magic(spec):
        found = [Path(name) for name in glob.glob(spec, recursive=True)]  # noqa: PTH207 (absolute patterns)
    else:
        raise SourceError(f"no such file or folder: {spec}")
    pictures = sorted(entry for entry in found if entry.suffix.lower() in SUFFIXES and entry.is_file())
    if not pictures:
        kind = "folder" if path.is_dir() else "pattern"
        raise SourceError(
            f"no pictures in the {kind} {spec}: expected files that end in {' '.join(SUFFIXES)}"
        )
    return pictures


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Decode a picture to uint8 RGB (H, W, 3), C-contiguous.

    Grey becomes RGB, alpha is dropped, 16 bits become 8, and the EXIF orientation is applied (all
    by OpenCV). A picture whose longer side is over ``MAX_SIDE`` is scaled down to it by area. A
    JPEG that is cut off is given as far as it decodes, the rest grey, as libjpeg does it.

    A small file may claim any size. Its header is looked at first: ``edge`` sets OpenCV's limit to 2^26
    pixels, which take 0.4 GB on their way to RGB, where the user has not set another.

    Raises:
        SourceError: the file cannot be read, is no picture, is larger than ``MAX_BYTES``, or has more
            pixels than ``$OPENCV_IO_MAX_IMAGE_PIXELS``.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceError(f"cannot read the picture {path}: {error.strerror}") from error
    if not data:
        raise SourceError(f"not a picture: {path} is empty")
    if len(data) > MAX_BYTES:
        raise SourceError(f"the picture {path} is too large: expected at most {MAX_BYTES >> 20} MB")
    whole = _without_rest(data) if data.startswith(_PNG) else data
    if whole is None:
        raise SourceError(f"cannot decode the picture {path}: a damaged PNG, or one that is cut off")
    try:
        bgr = cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise SourceError(f"cannot decode the picture {path}: too large or damaged ({error.err})") from error
    if bgr is None:
        raise SourceError(f"cannot decode the picture {path}: damaged, or no format that OpenCV knows")
    return to_rgb(_limit_size(bgr))


def _without_rest(png: bytes) -> bytes | None:
    """A PNG up to its end chunk; None where a chunk says that it is longer than the file.

    OpenCV takes memory for what a chunk says, up to 4 GB, and may look for chunks behind the end. A chunk is
    the length of its content (4 bytes), its name (4), the content, and a checksum (4).
    """
    place, name = len(_PNG), b""
    while place < len(png) and name != b"IEND":
        length, name = int.from_bytes(png[place : place + 4], "big"), png[place + 4 : place + 8]
        if length > len(png):
            return None
        place += 12 + length
    return png[:place]


def _limit_size(picture: NDArray[Any]) -> NDArray[Any]:
    height, width = picture.shape[:2]
    longer = max(height, width)
    if longer <= MAX_SIDE:
        return picture
    size = tuple(max(1, round(side * MAX_SIDE / longer)) for side in (width, height))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
