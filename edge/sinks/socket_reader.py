"""One reader of the socket: what it asks for, and the lines that wait for it."""

import socket
from collections.abc import Callable, Sequence

from edge.stream.messages import MAX_REQUEST_BYTES, Request, read_request

BUFFER_BYTES = 1 << 17
"""Most bytes that wait for a reader, besides those that the system holds."""
PATIENCE_S = 30.0
"""Time after which a reader that takes nothing is given up, seconds."""


class Reader:
    """The connection of a reader. No method waits for it; once ``lost`` is true, it is to be closed."""

    def __init__(self, connection: socket.socket, on_command: Callable[[str], None]) -> None:
        """
        Args:
            connection: one that does not block.
            on_command: called with the name of each command.
        """
        self.connection = connection
        self.greeted = False
        """Whether the hello of the running bundle was queued."""
        self.wants_mesh = False
        self.lost = False
        self._on_command = on_command
        self._request = b""
        self._pending = bytearray()
        self._taken_at = 0.0

    @property
    def has_pending(self) -> bool:
        """Whether lines wait for it."""
        return bool(self._pending)

    def queue(self, lines: Sequence[bytes], now_s: float) -> bool:
        """Queue lines for ``send``; those that do not fit are dropped, each as a whole.

        Returns:
            Whether all of them fitted.
        """
        if not self._pending:
            self._taken_at = now_s
        free = BUFFER_BYTES - len(self._pending)
        if sum(map(len, lines)) <= free:
            self._pending += b"".join(lines)
            return True
        for line in lines:
            if len(line) <= free:
                self._pending += line
                free -= len(line)
        return False

    def send(self, now_s: float) -> None:
        """Send as much of the queue as the system takes."""
        if not self._pending:
            return
        try:
            sent = self.connection.send(self._pending)
        except BlockingIOError:
            self.lost |= now_s - self._taken_at > PATIENCE_S
        except OSError:  # it has gone
            self.lost = True
        else:
            del self._pending[:sent]
            self._taken_at = now_s

    def receive(self) -> bool:
        """Do what the reader asks for; anything but a request loses it.

        Returns:
            Whether it may ask for more: a reader may close its half of the connection and still read.
        """
        try:
            received = self.connection.recv(MAX_REQUEST_BYTES)
        except BlockingIOError:
            return True
        except OSError:  # it has gone
            self.lost = True
            return False
        *lines, self._request = (self._request + received).split(b"\n")
        try:
            for line in lines:
                self._do(read_request(line))
            if not received and self._request:
                raise ValueError("half a request")
            if max(map(len, (*lines, self._request))) >= MAX_REQUEST_BYTES:
                raise ValueError("too long")
        except ValueError:
            self.lost = True
        return bool(received) and not self.lost

    def _do(self, request: Request) -> None:
        if request.mesh is not None:
            self.wants_mesh = request.mesh
        else:
            self._on_command(request.command)
