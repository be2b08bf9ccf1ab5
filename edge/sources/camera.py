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
"""Time between two requests to an address that gives a single picture each time, seconds."""

ENCODE_HINT = (
    "the stream's address has an @ after its first /, ? or #: if one of these characters is in the user name "
    "or the password, percent-encode it (/ as %2F, ? as %3F, # as %23, @ as %40, % as %25)"
)
"""The hint for an address that FFmpeg may misread; it quotes nothing of the address."""

_AUTHORITY = re.compile(r"^\w+://([^/?#]*)")
_NO_ANSWER = "no answer, refused, or no video that FFmpeg knows"

_log = logging.getLogger(__name__)


def camera_source(
    number: int, *, width: int, height: int, fps: float | None = None, turn: Turn = UPRIGHT
) -> LiveSource:
    """The camera ``/dev/videoN``, with its nearest size (px, before ``turn``) and frame rate (Hz)."""
    configure_opencv()
    return LiveSource(f"camera:{number}", partial(_open_camera, number, width, height, fps), turn=turn)


def stream_source(url: str, turn: Turn = UPRIGHT) -> LiveSource:
    """An ``rtsp://`` (over TCP) or ``http(s)://`` stream that FFmpeg understands, such as MJPEG.

    A stream that ends counts as a lost camera. An address that gives one picture each time, such as a
    camera's snapshot address, is requested again every ``SNAPSHOT_S`` seconds.

    Args:
        url: the address.
        turn: how the camera is mounted.

    Raises:
        SourceError: the address is malformed.
    """
    configure_opencv()
    if "@" in _AUTHORITY.sub("", url):
        _log.warning(ENCODE_HINT)
    elif not _has_host(url):
        raise SourceError(
            f"malformed stream address {shown(url)}: expected HOST or HOST:PORT after the :// or after "
            "USER:PASSWORD@, all of it in UTF-8"
        )
    return LiveSource(shown(url), Stream(url), turn=turn)


class OpenCvCapture:
    """A ``cv2.VideoCapture`` as a ``edge.sources.capture.Capture``.

    ``captured_ns`` is the moment when OpenCV handed the frame over, before decoding it; the time that it
    waited in the driver's queue or on the network comes before that moment.
    """

    def __init__(self, capture: cv2.VideoCapture, stream: "Stream | None" = None) -> None:
        """
        Args:
            capture: an opened capture.
            stream: the stream that it reads; None: it reads a device.
        """
        self._stream = stream
        self._take(capture)

    @property
    def may_freeze(self) -> bool:
        """See ``Capture``: true, except for snapshots, each of which is a new picture."""
        return self._stream is None or not self._stream.gives_snapshots or self._grabbed > 1

    def read(self) -> tuple[NDArray[np.uint8], int] | None:
        self.skip()
        captured_ns = time.monotonic_ns()
        check_frame_size(self.video_capture)
        decoded, bgr = self.video_capture.retrieve()
        return (self._upright.apply(to_rgb(bgr)), captured_ns) if decoded else None

    def skip(self) -> None:
        if not (self.video_capture.grab() or self._grab_snapshot()):
            raise SourceError(f"the stream ended or gave no frame for {TIMEOUT_S} s")
        self._grabbed += 1

    def close(self) -> None:
        self.video_capture.release()

    def _take(self, capture: cv2.VideoCapture) -> None:
        self.video_capture = capture
        self._upright = UPRIGHT if self._stream is None else turn_of_video(capture)
        self._grabbed = 0

    def _grab_snapshot(self) -> bool:
        """Request the next picture of an address that has ended after its first one."""
        if self._stream is None or self._grabbed != 1:
            return False
        self._stream.note_snapshots()
        time.sleep(SNAPSHOT_S)
        self.video_capture.release()
        self._take(self._stream.open())
        return self.video_capture.grab()


class Stream:
    """The address of a stream, and whether it gives snapshots. A call opens a new capture."""

    def __init__(self, url: str) -> None:
        self.gives_snapshots = False
        """Whether the stream has ended after one picture."""
        self._url = url

    def __call__(self) -> OpenCvCapture:
        return OpenCvCapture(self.open(), self)

    def open(self) -> cv2.VideoCapture:
        if not _has_host(self._url):  # FFmpeg would send a part of the password to the network
            raise SourceError(_NO_ANSWER)
        limits = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC)
        options = [number for limit in limits for number in (limit, round(1000 * TIMEOUT_S))]
        capture = cv2.VideoCapture(self._url, cv2.CAP_FFMPEG, options)
        if not capture.isOpened():
            raise SourceError(_NO_ANSWER)
        return capture

    def note_snapshots(self) -> None:
        if not self.gives_snapshots:
            _log.info("the address gives one picture at a time: requesting it every %g s", SNAPSHOT_S)
        self.gives_snapshots = True


def _has_host(url: str) -> bool:
    """Whether an address has a host in the place where FFmpeg expects it."""
    try:
        url.encode()  # OpenCV crashes on what is not UTF-8
        parts = urlsplit(f"//{_AUTHORITY.findall(url)[0].rpartition('@')[2]}")
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _open_camera(number: int, width: int, height: int, fps: float | None) -> OpenCvCapture:
    capture = cv2.VideoCapture(number, cv2.CAP_V4L2)
    if not capture.isOpened():
        raise SourceError(f"/dev/video{number} is absent, busy, or not readable by this user")
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
    if fps is not None:
        capture.set(cv2.CAP_PROP_FPS, fps)
    return OpenCvCapture(capture)
