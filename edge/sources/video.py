"""A video file, frame by frame, through OpenCV's FFmpeg."""

import time
from collections.abc import Iterator
from pathlib import Path

import cv2

from edge.core.errors import SourceError
from edge.core.types import Frame, SourceStats
from edge.sources.opencv import configure_opencv, to_rgb

SUFFIXES = tuple(
    ".3gp .avi .flv .gif .m2ts .m4v .mjpeg .mjpg .mkv .mov .mp4 .mpeg .mpg .mts .ogv .ts .webm .wmv".split()
)
"""File names that count as videos, in lower case. FFmpeg would play a text file, too."""

MAX_PIXELS = 1 << 24
"""In a frame, as of the largest camera in the settings. A small file may claim frames of gigabytes."""


class VideoSource:
    """Every frame of a file, none lost, as fast as they are taken; a damaged end is the end.

    ``captured_ns`` is the moment when the frame was read. Each iteration starts from the first frame.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            SourceError: no such file, not a video, no frame of it decodes, or its frames have more than
                ``MAX_PIXELS``.
        """
        self.stats = SourceStats()
        self._path = path
        self._closed = False
        configure_opencv()
        if not path.is_file():
            raise SourceError(f"no such file: {path}")
        capture = self._open()
        try:
            has_frame = capture.isOpened() and self._grab(capture)
        finally:
            capture.release()
        if not has_frame:
            raise SourceError(f"cannot play {path}: damaged, empty, or no video that FFmpeg knows")

    def __iter__(self) -> Iterator[Frame]:
        """
        Raises:
            SourceError: the frames grow beyond ``MAX_PIXELS``.
        """
        capture = self._open()
        index = 0
        try:
            while not self._closed and self._grab(capture):
                captured_ns = time.monotonic_ns()
                decoded, bgr = capture.retrieve()
                if decoded:
                    yield Frame(to_rgb(bgr), captured_ns, index, str(self._path))
                else:
                    self.stats.skipped += 1
                index += 1
        finally:
            capture.release()

    def close(self) -> None:
        self._closed = True

    def _grab(self, capture: cv2.VideoCapture) -> bool:
        """Whether there is one more frame. It is decoded then, but not yet a picture."""
        self._check_size(capture)  # by the header, before any frame of that size is made
        if not capture.grab():
            return False
        self._check_size(capture)
        return True

    def _check_size(self, capture: cv2.VideoCapture) -> None:
        width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if width * height > MAX_PIXELS:
            raise SourceError(
                f"the frames of {self._path} are too large: {width:.0f}×{height:.0f} px, expected at most "
                f"{MAX_PIXELS} px"
            )

    def _open(self) -> cv2.VideoCapture:
        # Absolute: FFmpeg would read a name such as "http:x.mp4" as an address.
        return cv2.VideoCapture(str(self._path.absolute()), cv2.CAP_FFMPEG)
