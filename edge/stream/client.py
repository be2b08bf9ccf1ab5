"""A reader of the socket. It needs neither NumPy nor OpenCV."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge.core.errors import StreamDeniedError, StreamError
from edge.core.record import SCHEMA
from edge.stream import messages
from edge.stream.path import checked, reader_path

GROUP = "mien-records"
"""The group that may read the installed service's socket."""


class StreamClient:
    """A connection to a service's socket; iterating gives its messages, each a dictionary.

    A message has the key ``hello``, ``status`` or ``frame`` (a record). The first is a hello, the second the
    newest status. The iteration ends when the service ends or closes the connection, and after ``close``. Any
    thread may call ``close``, ``want_mesh`` and ``command``.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Connect.

        Args:
            path: the socket; None: see ``edge.stream.path.reader_path``.

        Raises:
            StreamDeniedError: this user may not read the socket.
            StreamError: no service listens there, or it hangs.
            ConfigError: see ``reader_path``.
        """
        self.path = checked(path) if path else reader_path()
        self._socket = _connected(self.path)
        self._file = self._socket.makefile("rb", 1 << 16)
        self._sending = threading.Lock()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Wait for each message.

        Raises:
            StreamError: what comes is no message of a service.
        """
        while line := self._line():
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                message = None
            if not line.endswith(b"\n") or not isinstance(message, dict) or "schema" not in message:
                raise StreamError(f"{self.path} does not speak as mien does: name a socket of mien run")
            if message["schema"] != SCHEMA:
                raise StreamError(
                    f"the service at {self.path} sends schema {message['schema']!r:.20}, "
                    f"and this version reads {SCHEMA}: install the same version for both"
                )
            yield message

    def want_mesh(self, wanted: bool = True) -> None:
        """Ask for the mesh of each face in up to 15 records a second, or for none.

        Raises:
            StreamError: the service has ended, or does not read.
        """
        self._send(messages.want_mesh(wanted))

    def command(self, name: str) -> None:
        """Send a command, one of ``edge.stream.messages.COMMANDS``; its effect is in the next status.

        Raises:
            StreamError: see ``want_mesh``.
        """
        self._send(messages.command(name))

    def close(self) -> None:
        """Close the connection, and end the iteration in whichever thread it is."""
        with suppress(OSError):  # the service has ended
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._file.close()  # after the read of another thread, which the shutdown has ended

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _line(self) -> bytes:
        """The next line; empty at the end, also where the end of the service has cut a line off."""
        try:
            line = self._file.readline(messages.MAX_MESSAGE_BYTES)
        except (OSError, ValueError):  # the service was killed; or closed here
            return b""
        cut_off = not line.endswith(b"\n") and len(line) < messages.MAX_MESSAGE_BYTES
        return b"" if cut_off else line

    def _send(self, message: Mapping[str, Any]) -> None:
        try:
            with self._sending:
                self._socket.send(messages.line(message), socket.MSG_DONTWAIT)
        except OSError as error:
            raise StreamError(f"the service at {self.path} does not listen ({error.strerror})") from None


def _connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)  # it would wait for ever for a service that hangs
        connection.connect(str(path))
        connection.setblocking(True)
    except OSError as error:
        connection.close()
        if isinstance(error, PermissionError):
            raise StreamDeniedError(
                f"this user may not read {path}: become a member of the group {GROUP} "
                f"(sudo usermod --append --groups {GROUP} USER), and log in again"
            ) from None
        if isinstance(error, FileNotFoundError | ConnectionRefusedError):
            raise StreamError(
                f"no service at {path}: start one with the sink socket (mien run --sink socket)"
            ) from None
        if isinstance(error, BlockingIOError):
            raise StreamError(f"the service at {path} does not answer: restart it") from None
        raise StreamError(f"cannot connect to {path}: {error.strerror or error}") from None
    return connection
