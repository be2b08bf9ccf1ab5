"""V4L2 cameras and network streams, through OpenCV."""

import logging
import re
import time
from functools import partial
from urllib.parse import urlsplit

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.address import shown
from edge.core.errors import SourceError
from edge.sources.live import LiveSource
from edge.sources.opencv import TIMEOUT_S, check_frame_size, configure_opencv, to_rgb
from edge.sources.orientation import UPRIGHT, Turn, turn_of_video

SNAPSHOT_S = 0.5
"""From one picture to the next where an address gives a single one each time it is asked."""

ENCODE = (
    "the stream's address has an @ after its first /, ? or #: if one of these characters is in the user name "
    "or the password, percent-encode it (/ as %2F, ? as %3F, # as %23, @ as %40, % as %25)"
)
"""The hint for an address that FFmpeg may read otherwise than it is meant; it says nothing of the address."""

_AUTHORITY = re.compile(r"^\w+://([^/?#]*)")
_NO_ANSWER = "no answer, refused, or no video that FFmpeg knows"

_log = logging.getLogger(__name__)


def camera_source(
    number: int, *, width: int, height: int, fps: float | None = None, turn: Turn = UPRIGHT
) -> LiveSource:
    """``/dev/videoN``. The driver takes the nearest size (px, before ``turn``) and frame rate (Hz) that it
    has."""
    configure_opencv()
    return LiveSource(f"camera:{number}", partial(_open_camera, number, width, height, fps), turn=turn)


def stream_source(url: str, turn: Turn = UPRIGHT) -> LiveSource:
    """An ``rtsp://`` (over TCP) or ``http(s)://`` stream that FFmpeg understands, MJPEG for one.

    A stream that ends counts as a lost camera. An address that gives one picture each time, as cameras have
    them for snapshots, is asked again every ``SNAPSHOT_S`` seconds.

    Raises:
        SourceError: ``url`` is malformed.
    """
    configure_opencv()
    if "@" in _AUTHORITY.sub("", url):
        _log.warning(ENCODE)
    elif not _has_host(url):
        raise SourceError(
            f"malformed stream address {shown(url)}: expected HOST or HOST:PORT after the :// or after "
            "USER:PASSWORD@, all of it in UTF-8"
        )
    return LiveSource(shown(url), _Stream(url), turn=turn)


class OpenCvCapture:
    """A ``cv2.VideoCapture`` as a ``edge.sources.capture.Capture``.

    ``captured_ns`` is the moment when OpenCV handed the frame over, before decoding it; what it
    waited in the driver's queue or on the network before that is not in it.
    """

    def __init__(self, capture: cv2.VideoCapture, stream: "_Stream | None" = None) -> None:
        """
        Args:
            capture: opened.
            stream: where ``capture`` comes from; None: it is a device.
        """
        self._stream = stream
        self._take(capture)

    @property
    def may_freeze(self) -> bool:
        """Not so where each picture is a new answer."""
        return self._stream is None or not self._stream.gives_snapshots or self._grabbed > 1

    def read(self) -> tuple[NDArray[np.uint8], int] | None:
        self.skip()
        captured_ns = time.monotonic_ns()
        check_frame_size(self._capture)
        decoded, bgr = self._capture.retrieve()
        return (self._upright.apply(to_rgb(bgr)), captured_ns) if decoded else None

    def skip(self) -> None:
        if not (self._capture.grab() or self._grab_snapshot()):
            raise SourceError(f"the stream ended or gave nothing for {TIMEOUT_S} s")
        self._grabbed += 1

    def close(self) -> None:
        self._capture.release()

    def _take(self, capture: cv2.VideoCapture) -> None:
        self._capture = capture
        self._upright = UPRIGHT if self._stream is None else turn_of_video(capture)
        self._grabbed = 0

    def _grab_snapshot(self) -> bool:
        """The next picture of an address that has ended after its first one."""
        if self._stream is None or self._grabbed != 1:
            return False
        self._stream.note_snapshots()
        time.sleep(SNAPSHOT_S)
        self._capture.release()
        self._take(self._stream.open())
        return self._capture.grab()


class _Stream:
    """The address of a stream, and what it has turned out to be. Called, it gives a new capture."""

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self.gives_snapshots = False
        """Whether it ended after one picture."""
        self._url = url
        self._timeout_ms = round(1000 * timeout_s)

    def __call__(self) -> OpenCvCapture:
        return OpenCvCapture(self.open(), self)

    def open(self) -> cv2.VideoCapture:
        if not _has_host(self._url):  # FFmpeg would ask the network for a part of the password
            raise SourceError(_NO_ANSWER)
        limits = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC)
        options = [number for limit in limits for number in (limit, self._timeout_ms)]
        capture = cv2.VideoCapture(self._url, cv2.CAP_FFMPEG, options)
        if not capture.isOpened():
            raise SourceError(_NO_ANSWER)
        return capture

    def note_snapshots(self) -> None:
        if not self.gives_snapshots:
            _log.info("the address gives one picture at a time: asking every %g s", SNAPSHOT_S)
        self.gives_snapshots = True


def _has_host(url: str) -> bool:
    """Whether a host stands where FFmpeg looks for it."""
    try:
        url.encode()  # OpenCV crashes on what is not UTF-8
        parts = urlsplit(f"//{_AUTHORITY.findall(url)[0].rpartition('@')[2]}")
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _open_camera(number: int, width: int, height: int, fps: float | None) -> OpenCvCapture:
    capture = cv2.VideoCapture(number, cv2.CAP_V4L2)
    if not capture.isOpened():
        raise SourceError(f"/dev/video{number} is absent, busy, or not ours to read")
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
    if fps is not None:
        capture.set(cv2.CAP_PROP_FPS, fps)
    return OpenCvCapture(capture)
