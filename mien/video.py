"""Frames of a camera, a stream, a video, or pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from edge.build import build_source
from edge.core.types import Frame, SourceStats
from edge.settings import load_settings
from mien.recognizer import plain


class Video(AbstractContextManager["Video"]):
    """An iterable of frames, for ``Recognizer``. A context manager, so that a camera is let go."""

    def __init__(
        self,
        source: str | Path,
        *,
        width: int | None = None,
        height: int | None = None,
        fps: float | None = None,
        rotate: int = 0,
        mirror: bool = False,
    ) -> None:
        """Open the source. A camera or stream that is not there is waited for.

        Args:
            source: ``"camera:0"``, ``"picamera2"``, an address (``"rtsp://…"``), the path of a video, a
                picture or a folder of pictures, a glob pattern, or ``"demo"``.
            width, height: asked of a camera, px; it may give something near.
            fps: asked of a camera, Hz; likewise.
            rotate: degrees clockwise by which each frame is turned, 0, 90, 180 or 270.
            mirror: exchange left and right after that.

        Raises:
            MienError: the source cannot be opened, or a value is out of range.
        """
        camera = {"width": width, "height": height, "fps": fps, "rotate": rotate, "mirror": mirror}
        flags = {f"camera.{name}": plain(value) for name, value in camera.items()}
        self._source = build_source(load_settings(None, {"source": str(source), **flags}))

    @property
    def stats(self) -> SourceStats:
        """Frames dropped and skipped, and cameras opened again, so far."""
        return self._source.stats

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._source)

    def close(self) -> None:
        """End the iteration soon; safe to call from another thread."""
        self._source.close()

    def __exit__(self, *_: object) -> None:
        self.close()
