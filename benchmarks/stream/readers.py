"""Readers of the socket: many that read, and one that never does."""

import selectors
import socket
import threading
from pathlib import Path

from edge.stream import messages


class Readers:
    """Connected readers; a thread reads for all but the last of them, until ``close``."""

    def __init__(self, path: Path, count: int, with_mesh: bool) -> None:
        """Connect.

        Args:
            path: the socket.
            count: number of readers that read; a further one never does.
            with_mesh: whether those that read ask for meshes.

        Raises:
            OSError: nobody listens there.
        """
        self.lines = 0
        """Lines that all readers got together."""
        self._selector = selectors.DefaultSelector()
        self._connections = [socket.socket(socket.AF_UNIX) for _ in range(count + 1)]
        self._closing = threading.Event()
        for connection in self._connections:
            connection.connect(str(path))
        for connection in self._connections[:-1]:
            if with_mesh:
                connection.sendall(messages.line(messages.want_mesh(True)))
            self._selector.register(connection, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Disconnect."""
        self._closing.set()
        self._thread.join()
        self._selector.close()
        for connection in self._connections:
            connection.close()

    def _read(self) -> None:
        while not self._closing.is_set():
            for key, _ in self._selector.select(0.1):
                assert isinstance(key.fileobj, socket.socket)
                self.lines += key.fileobj.recv(1 << 18).count(b"\n")
