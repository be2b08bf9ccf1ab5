"""Where frames come from: cameras, streams, videos, pictures, and the built-in demo.

Every source is an iterator of ``edge.core.types.Frame``. Live ones keep only the newest frame, count
what they drop and reopen a lost camera for ever; files lose no frame.
"""

import glob
from collections.abc import Sequence
from pathlib import Path

from edge.core.address import STREAMS, may_be_address, shown
from edge.core.errors import SourceError
from edge.core.types import FrameSource
from edge.sources import pictures, video
from edge.sources.camera import camera_source, stream_source
from edge.sources.demo import DemoSource
from edge.sources.picamera import picamera_source

FORMS = (
    "picamera2, camera:N, rtsp://..., http://..., https://..., demo, "
    "or the path of a picture, a video, a folder or a glob pattern of pictures"
)
"""What a source may be, for help texts and errors."""


def open_source(
    spec: str,
    *,
    width: int = 640,
    height: int = 480,
    fps: float | None = None,
    portraits: Sequence[Path] = (),
    frames: int | None = None,
) -> FrameSource:
    """Choose and open the source that ``spec`` names; see ``FORMS``.

    A live source that is not there is no error: it is tried for ever once it is iterated.

    Args:
        width: asked of cameras, px.
        height: asked of cameras, px.
        fps: asked of cameras, Hz, and the most that the demo gives; None: whatever comes.
        portraits: what the demo shows.
        frames: where the demo ends; None: never.

    Raises:
        SourceError: unknown form, missing or unreadable file, empty folder, picamera2 not installed.
    """
    if spec == "demo":
        return DemoSource(portraits, frames=frames, fps=fps)
    if spec == "picamera2":
        return picamera_source(width=width, height=height, fps=fps)
    if spec.startswith("camera:"):
        return camera_source(_camera_number(spec), width=width, height=height, fps=fps)
    if spec.startswith(STREAMS):
        return stream_source(spec)
    if may_be_address(spec):
        raise SourceError(f"source {shown(spec)} is not known, and no file; expected {FORMS}")
    return _open_files(spec)


def _camera_number(spec: str) -> int:
    number = spec.removeprefix("camera:")
    if not (number.isascii() and number.isdigit() and len(number) <= 3):
        raise SourceError("source camera: expected camera:N, N being the number of /dev/videoN")
    return int(number)


def _open_files(spec: str) -> FrameSource:
    path = Path(spec)
    try:
        missing = not spec or not (path.exists() or glob.has_magic(spec))
    except OSError as error:  # a name that is too long, or a folder that is closed to us
        raise SourceError(f"source {spec!r}: {error.strerror}; expected {FORMS}") from error
    if missing:
        raise SourceError(f"source {spec!r} is not there; expected {FORMS}")
    if path.is_file() and path.suffix.lower() in video.SUFFIXES:
        return video.VideoSource(path)
    if path.is_file() and path.suffix.lower() not in pictures.SUFFIXES:
        known = " ".join((*pictures.SUFFIXES, *video.SUFFIXES))
        raise SourceError(f"source {spec!r} is neither a picture nor a video: expected one of {known}")
    return pictures.PictureSource(pictures.picture_paths(spec), skip_broken=not path.is_file())
