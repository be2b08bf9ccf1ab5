"""A camera on localhost that can be made to fail: an MJPEG stream of real pictures with faults."""

import http.server
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from edge import assets
from edge.build import build_source
from edge.settings import load_settings
from edge.sources import open_source

HEALTHY, FROZEN, STALLED, BROKEN, EMPTY = "healthy", "frozen", "stalled", "broken", "empty"
"""What a stream can do: give pictures; one and the same; none, the connection kept; such as do not
decode; pictures without a face."""

_BOUNDARY = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"


def demo_clip(frames: int = 240) -> list[bytes]:
    """The built-in demo as JPEG pictures: for those who have no clips.

    Raises:
        ModelError: the portraits are not there.
    """
    for asset in assets.PORTRAITS:
        assets.load(asset)
    source = build_source(load_settings(None, {"source": "demo", "camera.fps": 240.0}), frames)
    return [_jpeg(frame.rgb) for frame in source]


def clip(path: Path) -> list[bytes]:
    """A video file as JPEG pictures.

    Raises:
        SourceError: it does not play.
    """
    return [_jpeg(frame.rgb) for frame in open_source(str(path))]


def empty_room(frames: int = 60) -> list[bytes]:
    """Pictures without a face, with a sensor's noise."""
    random = np.random.default_rng(0)
    return [_jpeg(random.integers(60, 90, (480, 640, 3), np.uint8)) for _ in range(frames)]


class Stream:
    """Serves the clips, each connection the next one, over and over, until it is stopped."""

    def __init__(self, clips: Sequence[Sequence[bytes]], fps: float | None = None) -> None:
        """
        Args:
            clips: JPEG pictures.
            fps: pictures a second; None: as fast as they are taken.
        """
        self.mode = HEALTHY
        self.port = 0
        self._clips = clips
        self._empty = empty_room()
        self._interval_s = 0.0 if fps is None else 1 / fps
        self._stopping = threading.Event()
        self._server: http.server.ThreadingHTTPServer | None = None
        self._connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/stream"

    def start(self) -> None:
        """Serve; on the port of last time, if there was one."""
        owner = self
        self._stopping = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                with suppress(OSError):  # the client has gone
                    owner._play(self.wfile.write, owner._stopping)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Close the port and every connection."""
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def _play(self, write, stopping: threading.Event) -> None:
        pictures = self._clips[self._connections % len(self._clips)]
        self._connections += 1
        index = 0
        while not stopping.wait(self._interval_s):
            if self.mode == STALLED:
                stopping.wait(0.05)
                continue
            if self.mode != FROZEN:
                index += 1
            shown = self._empty if self.mode == EMPTY else pictures
            jpeg = shown[index % len(shown)]
            if self.mode == BROKEN:
                jpeg = jpeg[:100] + bytes(len(jpeg) - 100)
            write(_BOUNDARY % len(jpeg) + jpeg + b"\r\n")


def _jpeg(rgb: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()
