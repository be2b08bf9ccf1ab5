"""Records and status on a Unix socket, for readers on the same device (``docs/reference/socket.md``)."""

import logging
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.core.record import monotonic_epoch_s, prediction_record, status_record
from edge.core.types import Prediction, SinkStats, Status
from edge.sinks.socket_file import SocketFile, check
from edge.sinks.socket_reader import Reader
from edge.stream import messages
from edge.stream.path import service_path

CAPACITY = 256
"""Most results that wait to be sent; the oldest is dropped for the newest."""
INTERVAL_S = 1 / messages.MESHES_PER_S
"""Time from one sending to the next, seconds. Nothing else makes the thread run, whatever readers do."""
MAX_READERS = 64
"""Most readers at a time; a further one is closed at once."""

_CLOSE_WAIT_S = 1.0
_FINISH_S, _FINISH_STEP_S = 0.5, 0.005

_log = logging.getLogger(__name__)


class _Reported(NamedTuple):
    status: Status
    time_s: float
    """When it was reported, seconds since 1970."""

    @property
    def hello(self) -> bytes:
        return messages.line(messages.hello(self.status.device, self.status.bundle, self.status.labels))

    @property
    def line(self) -> bytes:
        return messages.line(status_record(self.status, self.time_s))


class _Seen(NamedTuple):
    line: bytes
    record: dict[str, Any]
    landmarks: tuple[NDArray[np.float32], ...]
    """Landmarks of each face, px."""

    def line_with_meshes(self) -> bytes:
        """The line of the record, to which the mesh of each face is added."""
        for face, landmarks in zip(self.record["faces"], self.landmarks, strict=True):
            face[messages.MESH] = messages.encoded_mesh(landmarks, *self.record["size"])
        return messages.line(self.record)


class SocketSink:
    """Serves its readers in a thread of its own, so that none of them delays or ends the run.

    Without a reader ``write`` does nothing. With readers it appends a line to a bounded queue, which the
    thread sends several times a second, the newest record with meshes for those that want them.
    """

    def __init__(self, path: Path, on_command: Callable[[str], None]) -> None:
        """Listen at ``path``.

        Args:
            path: the socket; see ``edge.stream.path.service_path``.
            on_command: called, in the thread, with each command of a reader (``messages.COMMANDS``).

        Raises:
            ConfigError, OSError: see ``SocketFile``.
        """
        self.stats = SinkStats()
        self._on_command = on_command
        self._readers: list[Reader] = []
        self._waiting: deque[_Seen | _Reported] = deque(maxlen=CAPACITY)
        self._newest_status: _Reported | None = None
        self._last_hello = b""
        self._closing = threading.Event()
        self._file = SocketFile(path)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._file.server, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="sink socket", daemon=True)
        self._thread.start()

    def write(self, prediction: Prediction) -> None:
        """Queue a result for the readers, without waiting."""
        if self._readers:
            self.stats.dropped += len(self._waiting) == CAPACITY
            # Made here, where what it is made of is in the processor's caches: for the thread that is not so.
            record = prediction_record(prediction, monotonic_epoch_s())
            landmarks = tuple(result.face.landmarks for result in prediction.faces)
            self._waiting.append(_Seen(messages.line(record), record, landmarks))

    def report(self, status: Status) -> None:
        """Queue a status; where the device, the bundle or its labels are others, a hello comes before it."""
        self._newest_status = _Reported(status, time.time())
        if self._readers:
            self._waiting.append(self._newest_status)

    def close(self) -> None:
        """Send what waits, as far as readers take it soon, close their connections and remove the file."""
        self._closing.set()
        with suppress(OSError):
            self._file.server.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for a reader
        self._thread.join(_CLOSE_WAIT_S)

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                for key, _ in self._selector.select(0 if self._readers else None):
                    if key.data is None:
                        self._accept()
                    elif not key.data.receive():
                        self._selector.unregister(key.fileobj)
                self._send()
                if self._readers:
                    time.sleep(INTERVAL_S)  # ``close`` may wait so long; an Event costs more
            self._finish()
        except Exception:  # a bug here must not end the run
            self.stats.failures += 1
            _log.exception("sink socket: closed until the program starts again")
        finally:
            for reader in self._readers:
                reader.connection.close()
            self._readers = []
            self._selector.close()
            self._file.close()

    def _finish(self) -> None:
        """Send the rest to the readers that take it, so that no line is cut off; the others do not count."""
        end_s = time.monotonic() + _FINISH_S
        self._send()
        while any(reader.has_pending for reader in self._readers) and time.monotonic() < end_s:
            time.sleep(_FINISH_STEP_S)
            self._send()

    def _accept(self) -> None:
        for _ in range(MAX_READERS):
            try:
                connection, _ = self._file.server.accept()
            except BlockingIOError:
                return
            except OSError:  # it has gone, or there are too many open files
                self._closing.wait(INTERVAL_S)
                return
            if len(self._readers) == MAX_READERS:
                connection.close()
                continue
            connection.setblocking(False)
            reader = Reader(connection, self._on_command)
            self._selector.register(connection, selectors.EVENT_READ, reader)
            self._readers.append(reader)

    def _send(self) -> None:
        """Send what waits, to new readers the hello and the newest status, and close those that are lost."""
        now_s = time.monotonic()
        lines, meshed, has_hello = self._next_lines()
        for reader in self._readers:
            if reader.greeted:
                fitted = reader.queue(meshed if reader.wants_mesh else lines, now_s)
                reader.greeted = fitted or not has_hello
            elif self._newest_status is not None:
                if not any(other.greeted for other in self._readers):
                    self._last_hello = self._newest_status.hello
                greeting = [self._newest_status.hello, self._newest_status.line]
                reader.greeted = reader.queue(greeting, now_s)
            reader.send(now_s)
        for reader in [reader for reader in self._readers if reader.lost]:
            self._readers.remove(reader)
            with suppress(KeyError):
                self._selector.unregister(reader.connection)
            reader.connection.close()
        if not self._readers:
            self._waiting.clear()

    def _next_lines(self) -> tuple[list[bytes], list[bytes], bool]:
        """What waits as lines without and with meshes, and whether a hello is among them."""
        waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
        newest = None
        if any(reader.wants_mesh for reader in self._readers):
            newest = next((item for item in reversed(waiting) if isinstance(item, _Seen)), None)
        lines: list[bytes] = []
        meshed: list[bytes] = []
        has_hello = False
        for item in waiting:
            if isinstance(item, _Seen):
                lines.append(item.line)
                meshed.append(item.line_with_meshes() if item is newest else item.line)
                continue
            new = [item.line]
            if item.hello != self._last_hello:
                self._last_hello, has_hello = item.hello, True
                new.insert(0, item.hello)
            lines += new
            meshed += new
        return lines, meshed, has_hello


def open_sink(path: str, on_command: Callable[[str], None]) -> SocketSink:
    """Open the sink, in a folder that is made for this user alone where there is none; see ``SocketSink``.

    Args:
        path: the setting ``output.socket``.

    Raises:
        ConfigError, OSError: see ``service_path`` and ``SocketSink``.
    """
    service_path(path).parent.mkdir(0o700, exist_ok=True)
    return SocketSink(service_path(path), on_command)


def check_path(path: str) -> None:
    """Check the setting ``output.socket`` without changing anything.

    Raises:
        ConfigError, OSError: see ``service_path`` and ``edge.sinks.socket_file.check``.
    """
    check(service_path(path))
