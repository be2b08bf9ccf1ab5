"""The frames of a camera, a stream, a video, or pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from edge.build import build_source
from edge.core.types import Frame, SourceStats
from edge.settings import load_settings
from mien.recognizer import to_python


class Video(AbstractContextManager["Video"]):
    """An iterable of frames, for ``Recognizer``. A context manager, which releases the camera at the end."""

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
        """Open the source. Iterating waits for a camera or stream that is absent.

        Args:
            source: ``"camera:0"``, ``"picamera2"``, an address (``"rtsp://…"``), the path of a video, a
                picture or a folder of pictures, a glob pattern, or ``"demo"``.
            width, height: size requested of a camera, px; it gives the nearest that it has.
            fps: frame rate requested of a camera, Hz; likewise.
            rotate: degrees clockwise by which each frame is turned, 0, 90, 180 or 270.
            mirror: exchange left and right after that.

        Raises:
            MienError: the source cannot be opened, or a value is out of range.
        """
        camera = {"width": width, "height": height, "fps": fps, "rotate": rotate, "mirror": mirror}
        flags = {f"camera.{name}": to_python(value) for name, value in camera.items()}
        self._source = build_source(load_settings(None, {"source": str(source), **flags}))

    @property
    def stats(self) -> SourceStats:
        """Numbers of frames dropped and skipped, and of times that a camera was opened again, so far."""
        return self._source.stats

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._source)

    def close(self) -> None:
        """End the iteration soon; safe to call from another thread."""
        self._source.close()

    def __exit__(self, *_: object) -> None:
        self.close()
