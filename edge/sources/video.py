"""A video file, frame by frame, through OpenCV's FFmpeg."""

import math
import time
from collections.abc import Iterator
from pathlib import Path

import cv2

from edge.core.errors import SourceError
from edge.core.types import Frame, SourceStats
from edge.sources.opencv import check_frame_size, configure_opencv, to_rgb
from edge.sources.orientation import UPRIGHT, Turn, turn_of_video

SUFFIXES = tuple(
    (
        ".264 .265 .3g2 .3gp .asf .avi .divx .f4v .flv .gif .h264 .h265 .hevc .ivf .m2ts .m2v .m4v .mjpeg "
        ".mjpg .mkv .mov .mp4 .mpe .mpeg .mpg .mts .mxf .ogg .ogv .qt .ts .vob .webm .wmv .y4m"
    ).split()
)
"""Endings of the names of videos, in lower case. FFmpeg would play a text file, too."""

_MOST_FRAMES = 1e12  # where a file states nothing, OpenCV's count may be any number
_DEFAULT_RATE = 25.0  # Hz, where a file states none or an impossible one


def _frame_duration_ns(rate: float) -> int:
    """The duration of a frame at the rate that a file states, Hz."""
    return round(1e9 / (rate if 1 <= rate <= 1000 else _DEFAULT_RATE))


class PresentationClock:
    """The presentation times of a file's frames, growing from frame to frame.

    Where the file states no time (as raw H.264 does), or one that does not grow, a frame comes one frame
    duration after the one before it.
    """

    def __init__(self, rate: float) -> None:
        """
        Args:
            rate: frame rate that the file states, Hz.
        """
        self._duration_ns = _frame_duration_ns(rate)
        self._last_ns: int | None = None

    def next(self, position_ms: float) -> int:
        """The time of the next frame, ns.

        Args:
            position_ms: the time that the file states, ms.
        """
        stated = round(position_ms * 1e6) if 0 <= position_ms < math.inf else 0
        if self._last_ns is not None and stated <= self._last_ns:
            stated = self._last_ns + self._duration_ns
        self._last_ns = stated
        return stated


class VideoSource:
    """All frames of a file, as fast as they are taken, up to its end or to where it is damaged.

    ``captured_ns`` is the moment when the frame was read, ``position_ns`` the file's own presentation time
    (``PresentationClock``). Frames are turned as the file's metadata says. Each iteration starts from the
    first frame.
    """

    def __init__(self, path: Path, turn: Turn = UPRIGHT) -> None:
        """
        Args:
            turn: rotation and mirroring of each frame after it is upright by the file's own metadata.

        Raises:
            SourceError: the file does not exist, is not a video, none of its frames decodes, or they are too
                large (``check_frame_size``).
        """
        self.stats = SourceStats()
        self._path = path
        self._turn = turn
        self._closed = False
        configure_opencv()
        if not path.is_file():
            raise SourceError(f"no such file: {path}")
        capture = self._open()
        try:
            has_frame = capture.isOpened() and self._grab(capture)
            self.frame_duration_ns = _frame_duration_ns(capture.get(cv2.CAP_PROP_FPS))
            """Duration of a frame at the rate that the file states, ns; at 25 Hz where it states none."""
            count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
            self.frame_count = round(count) if 0 < count < _MOST_FRAMES else 0
            """Number of frames by the file's own statement, in some formats an estimate; 0 where unknown."""
        finally:
            capture.release()
        if not has_frame:
            raise SourceError(f"cannot play {path}: it is damaged, empty, or no video that FFmpeg knows")

    def __iter__(self) -> Iterator[Frame]:
        """
        Raises:
            SourceError: the frames become too large (``check_frame_size``).
        """
        capture = self._open()
        upright = turn_of_video(capture)
        clock = PresentationClock(capture.get(cv2.CAP_PROP_FPS))
        index = 0
        try:
            while not self._closed and self._grab(capture):
                captured_ns = time.monotonic_ns()
                position_ns = clock.next(capture.get(cv2.CAP_PROP_POS_MSEC))
                decoded, bgr = capture.retrieve()
                if decoded:
                    rgb = self._turn.apply(upright.apply(to_rgb(bgr)))
                    yield Frame(rgb, captured_ns, index, str(self._path), position_ns=position_ns)
                else:
                    self.stats.skipped += 1
                index += 1
        finally:
            capture.release()

    def close(self) -> None:
        self._closed = True

    def _grab(self, capture: cv2.VideoCapture) -> bool:
        """Read the next frame, without converting it to pixels; False at the end."""
        self._check_size(capture)  # by the header, before any frame of that size is made
        if not capture.grab():
            return False
        self._check_size(capture)
        return True

    def _check_size(self, capture: cv2.VideoCapture) -> None:
        check_frame_size(capture, f"the frames of {self._path}")

    def _open(self) -> cv2.VideoCapture:
        # Absolute: FFmpeg would read a name such as "http:x.mp4" as an address.
        name = str(self._path.absolute())
        if name.encode("utf-8", "replace").decode() == name:
            return cv2.VideoCapture(name, cv2.CAP_FFMPEG)
        with self._path.open("rb") as file:  # a name that is not UTF-8 crashes OpenCV
            return cv2.VideoCapture(f"/dev/fd/{file.fileno()}", cv2.CAP_FFMPEG)
