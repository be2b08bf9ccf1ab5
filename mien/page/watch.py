"""What a running ``mien run`` sees, for all viewers over one connection to its socket."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from threading import Event, Lock, Thread, Timer
from typing import Any

from edge.core.errors import MienError, StreamError
from edge.core.record import json_line
from edge.stream.client import StreamClient
from edge.stream.path import reader_path
from mien.page.worker import Worker

QUEUE = 64
"""Most events that wait for a viewer; while it has so many, it loses records."""
COMMENT_S = 15.0
"""Time from one comment to the next, which tell a viewer that the connection lives, seconds."""
RETRY_S = 1.0
"""Time from the end of a connection to the next attempt, seconds."""
COMMAND_S = 2.0
"""Longest time to wait for the effect of a command, seconds."""

_COMMENT = b":\n\n"
_STATE_KINDS = ("hello", "offline")
"""Kinds of events that make all before them obsolete."""


class Watch:
    """The viewers, and the connection while there are any. For the thread of the event loop."""

    def __init__(self, socket: str) -> None:
        """
        Args:
            socket: path of the socket; empty: see ``edge.stream.path.reader_path``.
        """
        self._socket = socket
        self._viewers: set[_Viewer] = set()
        self._connection: _Connection | None = None
        self._newest: dict[str, bytes] = {}
        """The newest event of each kind that a viewer who comes later gets at once."""
        self._number = 0

    async def events(self) -> AsyncIterator[bytes]:
        """The server-sent events of one viewer, without end: hello, status, record and offline."""
        loop = asyncio.get_running_loop()
        viewer = self._add()
        comment_due = loop.time() + COMMENT_S
        try:
            while True:
                if event := await viewer.next(comment_due - loop.time()):
                    yield event
                if loop.time() >= comment_due:
                    comment_due = loop.time() + COMMENT_S
                    yield _COMMENT
        finally:
            self._remove(viewer)

    async def command(self, name: str) -> None:
        """Send a command to the run, one of ``edge.stream.messages.COMMANDS``.

        Raises:
            StreamError: no run listens there, or it hangs.
        """
        connection = self._connection
        if connection is None or not connection.send(name):
            worker = Worker()  # no thread of asyncio, for whose end the end of the page would wait
            done = worker.submit(partial(_command, self._socket, name))
            worker.close()
            await asyncio.wrap_future(done)

    def _add(self) -> _Viewer:
        viewer = _Viewer()
        for kind, event in self._newest.items():
            viewer.put(kind, event)
        self._viewers.add(viewer)
        if self._connection is None:
            self._connection = _Connection(self._socket, self._deliver)
        return viewer

    def _remove(self, viewer: _Viewer) -> None:
        self._viewers.discard(viewer)
        if not self._viewers and self._connection is not None:
            self._connection.close()
            self._connection = None
            self._newest.clear()

    def _deliver(self, connection: _Connection, kind: str, line: str) -> None:
        if connection is not self._connection:
            return  # it was closed meanwhile
        self._number += 1
        event = f"event: {kind}\nid: {self._number}\ndata: {line}\n".encode()
        if kind in _STATE_KINDS:
            self._newest = {kind: event}
        elif kind == "status":
            self._newest[kind] = event
        for viewer in self._viewers:
            viewer.put(kind, event)


class _Viewer:
    """The events that wait for one viewer."""

    def __init__(self) -> None:
        self._events: deque[bytes] = deque()
        self._some = asyncio.Event()

    def put(self, kind: str, event: bytes) -> None:
        """Add an event; while too many wait, it is lost, or replaces them if it makes them obsolete."""
        if len(self._events) >= QUEUE:
            if kind not in _STATE_KINDS:
                return
            self._events.clear()
        self._events.append(event)
        self._some.set()

    async def next(self, seconds: float) -> bytes | None:
        """The next event; None where none comes within that time."""
        if not self._events:
            self._some.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._some.wait(), seconds)
        return self._events.popleft() if self._events else None


class _Connection:
    """The connection to the run, in a thread of its own, which tries again until ``close``."""

    def __init__(self, socket: str, deliver: Callable[[_Connection, str, str], None]) -> None:
        """Connect. ``deliver`` gets this object, and kind and line of each message, in the event loop."""
        self._socket = socket
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._closed = Event()
        self._lock = Lock()
        self._client: StreamClient | None = None
        Thread(target=self._run, name="mien-page-watch", daemon=True).start()

    def send(self, command: str) -> bool:
        """Send a command, and return whether there is a connection to send it over."""
        with self._lock:
            if self._client is not None:
                self._client.command(command)
            return self._client is not None

    def close(self) -> None:
        """End the connection, and the attempts."""
        with self._lock:
            self._closed.set()
            if self._client is not None:
                self._client.close()

    def _run(self) -> None:
        told = ""
        while not self._closed.is_set():
            try:
                for message in self._messages():
                    told = ""
                    kind = next((kind for kind in ("hello", "status") if kind in message), "record")
                    self._post(kind, message)
                reason = "the service has ended"
            except (MienError, OSError) as error:
                reason = str(error)
            if reason != told:
                self._post("offline", {"error": reason})
                told = reason
            self._closed.wait(RETRY_S)

    def _messages(self) -> Iterator[dict[str, Any]]:
        with StreamClient(reader_path(self._socket)) as client:
            with self._lock:
                if self._closed.is_set():
                    return
                self._client = client
            try:
                client.want_mesh()
                yield from client
            finally:
                with self._lock:
                    self._client = None

    def _post(self, kind: str, message: Mapping[str, Any]) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._deliver, self, kind, json_line(message))


def _command(socket: str, name: str) -> None:
    """Send a command over a connection of its own, and wait until a status shows its effect."""
    answers = False
    with StreamClient(reader_path(socket)) as client:
        deadline = Timer(COMMAND_S, client.close)
        deadline.start()
        try:
            client.command(name)
            for message in client:
                answers = True
                if "status" in message and bool(message["status"].get("paused")) == (name == "pause"):
                    break
        finally:
            deadline.cancel()
    if not answers:
        raise StreamError(f"the service at {client.path} does not answer: restart it")
