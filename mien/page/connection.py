"""A connection of a browser, which ends where the other side leaves it waiting."""

from __future__ import annotations

from asyncio import TimerHandle, Transport

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_S = 15.0
"""Longest time for the head of a request, seconds."""
STALLED_S = 60.0
"""Time after which a client is cut off that takes nothing of its answer, seconds."""


class Connection(H11Protocol):
    """Uvicorn's connection, with deadlines: it has none for the head of a request and for a full buffer."""

    _request: TimerHandle | None = None
    _stalled: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._set_request_deadline()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._set_request_deadline()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._set_request_deadline()

    def _set_request_deadline(self) -> None:
        """Set the deadline while no request is answered; more bytes of a head do not move it."""
        waiting = self.cycle is None or self.cycle.response_complete
        if waiting and self._request is None:
            self._request = self.loop.call_later(REQUEST_S, self.transport.abort)
        elif not waiting and self._request is not None:
            self._request.cancel()
            self._request = None

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP. The application, if it has the head already, must not answer as well."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(STALLED_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for timer in (self._request, self._stalled):
            if timer is not None:
                timer.cancel()
