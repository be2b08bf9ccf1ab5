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


class VideoSource:
    """Every frame of a file, none lost, as fast as they are taken; a damaged end is the end.

    ``captured_ns`` is the moment when the frame was read. Each iteration starts from the first frame.
    """

    def __init__(self, path: Path) -> None:
        """
        Raises:
            SourceError: no such file, not a video, or no frame of it decodes.
        """
        self.stats = SourceStats()
        self._path = path
        self._closed = False
        configure_opencv()
        if not path.is_file():
            raise SourceError(f"no such file: {path}")
        capture = self._open()
        has_frame = capture.isOpened() and capture.grab()
        capture.release()
        if not has_frame:
            raise SourceError(f"cannot play {path}: damaged, empty, or no video that FFmpeg knows")

    def __iter__(self) -> Iterator[Frame]:
        capture = self._open()
        index = 0
        try:
            while not self._closed and capture.grab():
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

    def _open(self) -> cv2.VideoCapture:
        # Absolute: FFmpeg would read a name such as "http:x.mp4" as an address.
        return cv2.VideoCapture(str(self._path.absolute()), cv2.CAP_FFMPEG)
