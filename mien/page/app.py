"""The routes of the page. What they take and answer: ``docs/guides/page.md``."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from edge import __version__
from edge.core.errors import MienError
from edge.core.features import MESH_POINTS
from edge.landmarks.mesh import CONTOURS
from edge.stream.messages import COMMANDS
from edge.stream.path import reader_path
from mien.page.body import read_body
from mien.page.bundles import Bundles
from mien.page.recognition import Answer, Recognition
from mien.page.sessions import Sessions
from mien.page.watch import Watch

MAX_UPLOAD = 8_000_000
"""Largest picture, bytes."""

MAX_COMMAND = 1000
"""Largest command, bytes."""

_STATIC = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
"""Suffix of a file of the page → its media type."""


class Page:
    """What the routes share."""

    def __init__(self, bundles: Bundles, socket: str) -> None:
        """
        Args:
            bundles: the bundles to choose from.
            socket: path of the socket to watch.
        """
        self._bundles = bundles
        self._socket = socket
        self._watched = Watch(socket)
        self.sessions = Sessions()
        self._files = {path.relative_to(_STATIC).as_posix(): path for path in _STATIC.rglob("*.*")}

    def app(self) -> Starlette:
        """The application, for ``mien.page.guard.Guard``."""
        routes = [
            Route("/", self._index),
            Route("/static/{name:path}", self._static),
            Route("/api/state", self._state),
            Route("/api/recognize", self._recognize, methods=["POST"]),
            Route("/api/demo", self._demo, methods=["POST"]),
            Route("/api/watch", self._watch),
            Route("/api/command", self._command, methods=["POST"]),
        ]
        handlers = {
            HTTPException: _refuse,
            MienError: _not_ready,
            ClientDisconnect: _gone,
            Exception: _failed,
        }
        app = Starlette(routes=routes, exception_handlers=handlers)
        app.router.redirect_slashes = False
        return app

    async def _index(self, request: Request) -> Response:
        return self._file("index.html")

    async def _static(self, request: Request) -> Response:
        return self._file(request.path_params["name"])

    def _file(self, name: str) -> Response:
        path = self._files.get(name)
        if path is None or path.suffix not in _TYPES:
            raise HTTPException(404)
        return Response(path.read_bytes(), media_type=_TYPES[path.suffix])

    async def _state(self, request: Request) -> Response:
        return JSONResponse(
            {
                "version": __version__,
                "bundle": self._bundles.default,
                "labels": self._bundles.labels[self._bundles.default],
                "bundles": [
                    {"name": name, "labels": labels} for name, labels in self._bundles.labels.items()
                ],
                "contours": [{"points": points, "closed": closed} for points, closed in CONTOURS],
                "points": MESH_POINTS,
                "socket": str(reader_path(self._socket)),
            }
        )

    async def _recognize(self, request: Request) -> Response:
        kind, bundle = request.query_params.get("kind", ""), self._bundle(request)
        if kind not in ("frame", "picture"):
            raise HTTPException(400, "kind: expected frame or picture")
        with self.sessions.claim(request.query_params.get("session", "")) as session:
            data = await read_body(request, MAX_UPLOAD)
            recognition: Recognition = session.recognition
            recognize: Callable[[], Answer] = partial(recognition.picture, data, bundle)
            if kind == "frame":
                recognize = partial(recognition.frame, data, bundle, time.monotonic_ns())
            return JSONResponse(await self.sessions.run(session, recognize))

    async def _demo(self, request: Request) -> Response:
        bundle = self._bundle(request)
        with self.sessions.claim(request.query_params.get("session", "")) as session:
            await session.demo_due()
            recognize = partial(session.recognition.demo, bundle)
            return JSONResponse(await self.sessions.run(session, recognize))

    async def _watch(self, request: Request) -> Response:
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        return _EventStream(self._watched.events(), media_type="text/event-stream")

    async def _command(self, request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise HTTPException(415, "expected the content type application/json")
        body = await read_body(request, MAX_COMMAND)
        for name in COMMANDS:
            if _json(body) == {"command": name}:
                await self._watched.command(name)
                return Response(status_code=204)
        raise HTTPException(400, 'expected {"command": "pause"} or {"command": "resume"}')

    def _bundle(self, request: Request) -> str:
        """The bundle that a request names, or the default."""
        name = request.query_params.get("bundle", self._bundles.default)
        if name not in self._bundles.labels:
            raise HTTPException(404, f"no such bundle: expected one of {', '.join(self._bundles.labels)}")
        return name


class _EventStream(StreamingResponse):
    """Server-sent events, which end with the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self.body_iterator):  # type: ignore[type-var]
            await super().__call__(scope, receive, send)


def _json(text: bytes) -> Any:
    """The value that a text states in JSON; None where it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


_REASONS = {404: "there is nothing at this address", 405: "this address does not take this method"}


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = _REASONS.get(error.status_code) if error.detail in ("Not Found", "Method Not Allowed") else None
    return JSONResponse({"error": text or error.detail}, error.status_code, error.headers)


async def _not_ready(request: Request, error: Exception) -> Response:
    """For missing face models, portraits or bundles."""
    return JSONResponse({"error": str(error)}, 503)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # nobody reads it


async def _failed(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "the page has failed: the terminal of mien page says why"}, 500)
