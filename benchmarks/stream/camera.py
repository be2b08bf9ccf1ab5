"""A camera on localhost: an MJPEG stream that can be stopped, and started again on its port."""

import http.server
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

_HEAD = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"


def part(jpeg: bytes) -> bytes:
    """One picture, as it goes over the connection."""
    return _HEAD % len(jpeg) + jpeg + b"\r\n"


class MjpegServer:
    """Serves what ``play`` writes, to each connection, until it is stopped."""

    def __init__(self) -> None:
        self.port = 0
        self.silent = False
        """Accept connections and say nothing."""
        self._stopping = threading.Event()
        self._server: http.server.ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/stream"

    def play(self, write: Callable[[bytes], object], stopping: threading.Event) -> None:
        """What one connection gets: ``part`` after ``part``, until ``stopping`` is set."""
        raise NotImplementedError

    def start(self) -> None:
        """Serve; on the port of last time, if there was one."""
        owner = self
        stopping = self._stopping = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if owner.silent:
                    stopping.wait()
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                with suppress(OSError):  # the client has gone
                    owner.play(self.wfile.write, stopping)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Close the port and every connection."""
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class PacedCamera(MjpegServer):
    """Serves pictures over and over, at a rate that does not drift."""

    def __init__(self, pictures: Sequence[bytes], fps: float) -> None:
        """
        Args:
            pictures: JPEG pictures.
            fps: pictures per second.
        """
        super().__init__()
        self._pictures = pictures
        self._fps = fps

    def play(self, write: Callable[[bytes], object], stopping: threading.Event) -> None:
        started, index = time.monotonic(), 0
        while not stopping.wait(max(0.0, started + index / self._fps - time.monotonic())):
            write(part(self._pictures[index % len(self._pictures)]))
            index += 1
