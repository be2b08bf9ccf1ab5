"""The file of an annotated video: by ffmpeg where it is installed, else by OpenCV."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError, SourceError
from edge.sources.video import VideoSource
from mien.annotate.ffmpeg import FfmpegEncoder, Original, Tools, find_tools, probe

_log = logging.getLogger(__name__)


class Encoder(Protocol):
    """Writes frames of one size, uint8 (H, W, 3) RGB, with even sides."""

    def write(self, rgb: NDArray[np.uint8], time_ns: int) -> None: ...

    def finish(self) -> None: ...

    def complaint(self) -> str: ...

    def close(self) -> None: ...


class VideoWriter(AbstractContextManager["VideoWriter"]):
    """Writes the frames of a video. A context manager; the file is whole after ``finish`` only."""

    def __init__(
        self, path: Path, target: Path, original: Original, duration_ns: int, tools: Tools | None
    ) -> None:
        """
        Args:
            path: the file to write, which is replaced.
            target: its name in errors.
            original: the video that is annotated.
            duration_ns: usual duration of its frames, ns.
            tools: ffmpeg; None: OpenCV writes the file.
        """
        self._path = path
        self._target = target
        self._original = original
        self._duration_ns = duration_ns
        self._tools = tools
        self._encoder: Encoder | None = None
        self._size = (0, 0)
        self._frames = 0

    def write(self, rgb: NDArray[np.uint8], time_ns: int) -> None:
        """Add a frame, uint8 (H, W, 3), with its presentation time; its size becomes that of the first one.

        An odd side gets one more row or column, since H.264 in its usual form has none.

        Raises:
            DataError: the file cannot be written.
        """
        if self._encoder is None:
            self._size = rgb.shape[1], rgb.shape[0]
        width, height = self._size
        if rgb.shape[:2] != (height, width):
            rgb = np.asarray(cv2.resize(rgb, self._size, interpolation=cv2.INTER_AREA), np.uint8)
        odd = height % 2, width % 2
        if any(odd):
            rgb = np.asarray(cv2.copyMakeBorder(rgb, 0, odd[0], 0, odd[1], cv2.BORDER_REPLICATE), np.uint8)
        try:
            if self._encoder is None:
                self._encoder = self._open((width + odd[1], height + odd[0]), time_ns)
            self._encoder.write(rgb, time_ns)
        except DataError as error:
            raise self._failure(error) from None
        self._frames += 1

    def finish(self) -> None:
        """Complete the file, and read it once more: not every writer tells when the disk is full.

        Raises:
            DataError: it is not whole.
        """
        if self._encoder is None:
            return
        try:
            self._encoder.finish()
            found = VideoSource(self._path).frame_count
        except DataError as error:
            raise self._failure(error) from None
        except SourceError:  # it does not play
            found = 0
        if found != self._frames:
            reason = self._encoder.complaint() or "is the disk full?"
            raise self._failure(f"{found} of {self._frames} frames are in the file: {reason}")

    def __exit__(self, *_: object) -> None:
        if self._encoder is not None:
            self._encoder.close()

    def _open(self, size: tuple[int, int], start_ns: int) -> Encoder:
        if self._tools is not None:
            return FfmpegEncoder(self._tools, self._original, self._path, size, start_ns, self._duration_ns)
        return _OpenCvEncoder(self._path, 1e9 / self._duration_ns, size)

    def _failure(self, reason: object) -> DataError:
        text = str(reason).replace(f"file:{self._path.absolute()}", str(self._target))
        return DataError(f"cannot write {self._target}: {text}")


class VideoFormat:
    """How the videos of a call are written; found out once, with a line where ffmpeg is missing."""

    def __init__(self) -> None:
        """Look for ffmpeg."""
        self._tools = find_tools()
        if self._tools is None:
            _log.warning(
                "videos get no sound and a constant frame rate: install ffmpeg with libx264 "
                "(apt install ffmpeg) for both"
            )

    def open(self, path: Path, target: Path, source: VideoSource, original: Path) -> VideoWriter:
        """A writer for the annotated frames of a video, see ``VideoWriter``."""
        probed = Original(original) if self._tools is None else probe(self._tools, original)
        return VideoWriter(path, target, probed, source.frame_duration_ns, self._tools)


class _OpenCvEncoder:
    """MPEG-4 video in MP4, which every build of OpenCV writes: a constant frame rate, and no sound."""

    def __init__(self, path: Path, rate: float, size: tuple[int, int]) -> None:
        name = str(path)
        if name.encode("utf-8", "replace").decode() != name:
            raise DataError("OpenCV takes no name that is not UTF-8: name another file, or install ffmpeg")
        self._writer = cv2.VideoWriter(name, cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), rate, size)
        if not self._writer.isOpened():
            raise DataError("OpenCV cannot open it for writing: install ffmpeg")

    def write(self, rgb: NDArray[np.uint8], time_ns: int) -> None:
        self._writer.write(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))

    def finish(self) -> None:
        self._writer.release()

    def complaint(self) -> str:
        return ""

    def close(self) -> None:
        self._writer.release()
