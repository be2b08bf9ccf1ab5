"""The server of the page: its port, the browser, and the end."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import sys
import webbrowser
from asyncio import Transport
from collections.abc import Callable
from threading import Thread

import uvicorn

from edge.cli.console import EXIT_INTERRUPTED, say
from edge.core.errors import MienError
from edge.stream.path import reader_path
from mien.page.app import Page
from mien.page.bundles import Bundles
from mien.page.connection import Connection
from mien.page.guard import Guard

_ADDRESS = "127.0.0.1"
_CONNECTIONS = 64
"""Most connections at a time; more are answered with 503."""
_MAX_HEAD = 16_384
"""Longest head of a request, bytes."""
_SEND_BUFFER = 65_536
"""What the system holds for a client that does not read, bytes: a stalled one is noticed soon."""
_END_S = 0.3
"""How long the end waits for recognitions that still run, seconds."""


def serve(port: int, bundle: str, socket_path: str, browser: bool) -> None:
    """Serve the page until Ctrl-C, which raises ``KeyboardInterrupt``.

    Args:
        port: port on localhost; 0: any that is free.
        bundle: see ``Bundles``.
        socket_path: path of the socket to watch.
        browser: whether to open the page in a browser, where there is one.

    Raises:
        MienError: the port, the bundle or the path of the socket cannot be used.
    """
    reader_path(socket_path)
    page = Page(Bundles(bundle), socket_path)
    with _listen(port) as listening:
        port = listening.getsockname()[1]
        config = uvicorn.Config(
            Guard(page.app(), port),
            http=Connection,
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_CONNECTIONS,
            h11_max_incomplete_event_size=_MAX_HEAD,
        )
        logging.getLogger("uvicorn").setLevel(logging.ERROR)
        try:
            _Server(config, lambda: _announce(f"http://{_ADDRESS}:{port}/", browser)).run([listening])
        finally:
            if not page.sessions.close(_END_S):
                say("error: interrupted", sys.stderr)
                os._exit(EXIT_INTERRUPTED)  # a thread in native code may crash while Python ends


class _Server(uvicorn.Server):
    """Uvicorn's server, which says when it stands, and ends at once."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Cut off all connections: nobody waits for answers of a page that ends."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # it logs each request that ends early
        self.force_exit = True
        cutting_off = asyncio.create_task(self._cut_off())
        try:
            await super().shutdown(sockets)
        finally:
            cutting_off.cancel()

    async def _cut_off(self) -> None:
        """Abort all connections, also those only being accepted, for which Python 3.12 and later wait."""
        while True:
            for connection in list(self.server_state.connections):
                transport: Transport = connection.transport
                transport.abort()
            await asyncio.sleep(0.02)


def _listen(port: int) -> socket.socket:
    listening = socket.socket(proto=socket.IPPROTO_TCP)  # asyncio sets TCP_NODELAY where it is named
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)  # its connections inherit it
        listening.bind((_ADDRESS, port))
        listening.listen()
    except OSError as error:
        listening.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        raise MienError(f"port {port} {reason}; choose another one with --port, 0 for any") from None
    return listening


def _announce(url: str, browser: bool) -> None:
    print(f"mien page: {url} (Ctrl-C ends it)", flush=True)
    if browser and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        Thread(target=_open, args=(url,), daemon=True).start()


def _open(url: str) -> None:
    try:
        webbrowser.open(url)
    except webbrowser.Error:
        say("warning: no browser opens: visit the address above", sys.stderr)
