"""Videos by the program ffmpeg: H.264 in MP4, with the original's sound and each frame's own time."""

import json
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError
from mien.annotate import matroska

_QUIET = ("-hide_banner", "-loglevel", "error")
_ONLY_FILES = ("-protocol_whitelist", "file")
"""A file may be a list of addresses in truth: none of them is opened."""
_CLOCK = "90000"
"""Ticks in a second of the written times: those of usual frame rates are whole numbers of them."""
_LAST_LINE_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Tools:
    """Paths of the programs, and what this release of ffmpeg calls "each frame at its own time"."""

    ffmpeg: str
    ffprobe: str
    own_times: tuple[str, ...]


def find_tools() -> Tools | None:
    """The programs; None where one of them is not on the path, or ffmpeg has no H.264 encoder (libx264)."""
    ffmpeg, ffprobe = shutil.which("ffmpeg"), shutil.which("ffprobe")
    if ffmpeg is None or ffprobe is None or "libx264" not in _output(ffmpeg, "-encoders"):
        return None
    newer = "-fps_mode" in _output(ffmpeg, "-h", "long")  # from 5.1 on
    return Tools(ffmpeg, ffprobe, ("-fps_mode" if newer else "-vsync", "passthrough"))


@dataclass(frozen=True, slots=True)
class Original:
    """What a drawing takes from the video that it was made of."""

    path: Path
    sound: int | None = None
    """Index of the sound's stream; None: it has no sound that ffmpeg can decode."""
    delay_s: float = 0.0
    """Time from the start of the file to that of its pictures, s."""
    size: tuple[int, int] = (0, 0)
    """Width and height as stored, px."""
    aspect: str = ""
    """Width to height of a pixel, as ``16:15``; empty where it is square or not stated."""


def probe(tools: Tools, path: Path) -> Original:
    """What ffprobe tells about a video; little where it cannot read it."""
    keys = "stream=index,codec_type,codec_name,start_time,width,height,sample_aspect_ratio:format=start_time"
    flags = ("-show_entries", keys, "-of", "json", _file(path))
    try:
        found = json.loads(_output(tools.ffprobe, *_ONLY_FILES, *flags))
        streams: list[dict[str, Any]] = found["streams"]
        pictures = next(each for each in streams if each.get("codec_type") == "video")
        sounds = [each["index"] for each in streams if each.get("codec_type") == "audio" and _known(each)]
        starts = (pictures.get("start_time", 0), found.get("format", {}).get("start_time", 0))
        aspect = str(pictures.get("sample_aspect_ratio", ""))
        return Original(
            path,
            sound=next(iter(sounds), None),
            delay_s=max(0.0, float(starts[0]) - float(starts[1])),
            size=(pictures["width"], pictures["height"]),
            aspect="" if aspect in ("1:1", "0:1", "N/A") else aspect,
        )
    except (ValueError, KeyError, TypeError, StopIteration):
        return Original(path)


class FfmpegEncoder:
    """Passes frames on to ffmpeg as they come."""

    def __init__(
        self,
        tools: Tools,
        original: Original,
        path: Path,
        size: tuple[int, int],
        start_ns: int,
        duration_ns: int,
    ) -> None:
        """Start ffmpeg.

        Args:
            path: the file to write, which is replaced.
            size: width and height of the frames, px, even.
            start_ns: time of the first frame, ns.
            duration_ns: usual duration of a frame, ns.

        Raises:
            OSError: the program cannot be started.
        """
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed by ``close``)
        self._process = subprocess.Popen(
            _command(tools, original, path, size, start_ns),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            process_group=0,  # Ctrl-C is for this program, which ends ffmpeg
        )
        self._header = matroska.header(*size, duration_ns)

    def write(self, rgb: NDArray[np.uint8], time_ns: int) -> None:
        """Add a frame, uint8 (H, W, 3), C-contiguous, with its presentation time.

        Raises:
            DataError: ffmpeg has ended.
        """
        self._send(self._header + matroska.frame_header(time_ns, rgb.nbytes))
        self._header = b""
        self._send(rgb.data.cast("B"))

    def finish(self) -> None:
        """Wait until the file is whole.

        Raises:
            DataError: ffmpeg has failed.
        """
        try:
            self._stdin.close()
        except OSError:
            raise self._failure() from None
        if self._process.wait() != 0:
            raise self._failure()

    def complaint(self) -> str:
        """The last line of ffmpeg's log, which holds errors only; empty where there was none."""
        self._log.seek(0)
        lines = self._log.read().decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")[:_LAST_LINE_CHARACTERS]

    def close(self) -> None:
        """End ffmpeg, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self._stdin.close()
        self._log.close()

    @property
    def _stdin(self) -> Any:
        return self._process.stdin

    def _send(self, data: bytes | memoryview) -> None:
        try:
            self._stdin.write(data)
        except OSError:  # a broken pipe
            raise self._failure() from None

    def _failure(self) -> DataError:
        code = self._process.wait()
        ended = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        said = self.complaint()
        return DataError(f"ffmpeg {ended}" + (f": {said}" if said else ""))


def _command(tools: Tools, original: Original, path: Path, size: tuple[int, int], start_ns: int) -> list[str]:
    delay_s = original.delay_s + start_ns / 1e9  # ffmpeg takes the first frame of each input as its zero
    command = [tools.ffmpeg, *_QUIET, "-nostdin", "-y"]
    command += ["-itsoffset", f"{delay_s:.6f}", "-f", "matroska", "-i", "pipe:0"]
    if original.sound is not None:
        command += [*_ONLY_FILES, "-i", _file(original.path), "-map", f"1:{original.sound}", "-c:a", "aac"]
    if original.aspect and original.size == size:
        command += ["-vf", f"setsar={original.aspect.replace(':', '/')}"]
    command += "-map 0:v:0 -c:v libx264 -preset veryfast -crf 20 -pix_fmt yuv420p".split()
    command += [*tools.own_times, "-enc_time_base", f"1:{_CLOCK}", "-video_track_timescale", _CLOCK]
    return [*command, "-map_metadata", "-1", "-map_chapters", "-1", "-f", "mp4", _file(path)]


def _known(stream: dict[str, Any]) -> bool:
    return stream.get("codec_name") not in (None, "none", "unknown")


def _file(path: Path) -> str:
    """A path as ffmpeg cannot mistake it for an address or a flag."""
    return f"file:{path.absolute()}"


def _output(program: str, *arguments: str) -> str:
    """What a program prints; nothing where it does not run."""
    try:
        result = subprocess.run(
            [program, *_QUIET, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError:
        return ""
    return result.stdout.decode("utf-8", "replace")
