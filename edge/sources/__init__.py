"""Sources of frames: cameras, streams, videos, pictures, and the built-in demo.

Every source iterates over ``edge.core.types.Frame``. Live ones keep only the newest frame, count the frames
that they drop, and reopen a lost camera for ever; files lose no frame.
"""

import glob
import os
import re
from collections.abc import Sequence
from pathlib import Path

from edge.core.address import STREAMS, may_be_address, shown
from edge.core.errors import SourceError
from edge.core.protocols import FrameSource
from edge.sources import albums, video
from edge.sources.camera import camera_source, stream_source
from edge.sources.demo import DemoSource
from edge.sources.orientation import UPRIGHT, Turn
from edge.sources.picamera import picamera_source
from edge.sources.pictures import PictureSource

FORMS = (
    "picamera2, camera:N, /dev/videoN, rtsp://..., http://..., https://..., demo, "
    "or the path of a picture, a video, a folder or a glob pattern of pictures"
)
"""The forms of a source, for help texts and errors."""


def open_source(
    spec: str,
    *,
    width: int = 640,
    height: int = 480,
    fps: float | None = None,
    turn: Turn = UPRIGHT,
    portraits: Sequence[Path] = (),
    frames: int | None = None,
) -> FrameSource:
    """Open the source that ``spec`` names.

    A camera or stream that is absent is no error: iterating the source waits for it for ever.

    Args:
        spec: the source, in one of ``FORMS``.
        width: requested width of a camera's frames, px.
        height: requested height of a camera's frames, px.
        fps: requested frame rate of a camera, and the highest of the demo, Hz; None: the source's own.
        turn: how the camera is mounted; applied to the frames of every source.
        portraits: the portraits that the demo shows.
        frames: number of frames of the demo; None: without end.

    Raises:
        SourceError: the form is unknown, a file is missing or unreadable, a folder has no pictures, or
            picamera2 is not installed.
    """
    spec = _linked_camera(spec) or spec
    if spec == "demo":
        return DemoSource(portraits, frames=frames, fps=fps, turn=turn)
    if spec == "picamera2":
        return picamera_source(width=width, height=height, fps=fps, turn=turn)
    if spec.startswith(("camera:", "/dev/video")):
        return camera_source(_camera_number(spec), width=width, height=height, fps=fps, turn=turn)
    if spec.startswith(STREAMS):
        return stream_source(spec, turn)
    if may_be_address(spec):
        raise SourceError(f"source {shown(spec)} is not known and not a file; expected {FORMS}")
    return _open_files(spec, turn)


def _linked_camera(spec: str) -> str | None:
    """The ``/dev/videoN`` that a link such as udev's in ``/dev/v4l/by-id`` points to, else None."""
    try:
        real = os.path.realpath(spec)
    except (OSError, ValueError):  # an impossible file name
        return None
    return real if real.startswith("/dev/video") else None


def _camera_number(spec: str) -> int:
    number = spec.removeprefix("camera:").removeprefix("/dev/video")
    if not re.fullmatch("[0-9]{1,3}", number):
        raise SourceError("source camera: expected camera:N, N being the number of /dev/videoN")
    return int(number)


def _open_files(spec: str, turn: Turn) -> FrameSource:
    path = Path(spec)
    try:
        missing = not spec or not (path.exists() or glob.has_magic(spec))
    except OSError as error:  # the name is too long, or the folder unreadable
        raise SourceError(f"source {spec!r}: {error.strerror}; expected {FORMS}") from error
    if missing:
        raise SourceError(f"source {spec!r} does not exist; expected {FORMS}")
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise SourceError(f"source {spec!r} is no file: a camera is /dev/videoN or camera:N")
    if path.is_file() and path.suffix.lower() in video.SUFFIXES:
        return video.VideoSource(path, turn)
    if path.is_file() and not albums.is_picture(path):
        known = " ".join((*albums.SUFFIXES, *video.SUFFIXES))
        raise SourceError(f"source {spec!r} is neither a picture nor a video: expected one of {known}")
    return PictureSource(albums.find_album(spec), skip_broken=not path.is_file(), turn=turn)
