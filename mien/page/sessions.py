"""The sessions of the browsers: each has a recognizer in a thread of its own."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException

from mien.page.recognition import DEMO_FPS, Answer, Recognition
from mien.page.worker import Worker

MOST = 8
"""Most sessions at a time; the one unused for longest is closed for a new one."""
UNUSED_S = 60.0
"""Time after which an unused session is closed, seconds."""
AT_ONCE = 2
"""Most recognitions at a time, of all sessions; others wait."""

_NAME = re.compile("[A-Za-z0-9-]{1,64}")


class Session:
    """One browser tab, say. At most one request of it is answered at a time."""

    def __init__(self) -> None:
        self.recognition = Recognition()
        self.worker = Worker()
        self.busy = False
        self.used = 0.0
        """Time of the last request, seconds on ``time.monotonic``."""
        self.expiry: asyncio.TimerHandle | None = None
        self._demo_due = 0.0

    async def demo_due(self) -> None:
        """Wait for the time of the next frame of the demo."""
        await asyncio.sleep(self._demo_due - time.monotonic())
        self._demo_due = max(self._demo_due, time.monotonic() - 1 / DEMO_FPS) + 1 / DEMO_FPS

    def close(self) -> None:
        """Release the models, after a recognition that still runs."""
        if self.expiry is not None:
            self.expiry.cancel()
        self.worker.submit(self.recognition.close)
        self.worker.close()


class Sessions:
    """All sessions by their names. For the thread of the event loop."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    @contextmanager
    def claim(self, name: str) -> Iterator[Session]:
        """The session of that name, made if there is none, for one request.

        Raises:
            HTTPException: the name is malformed (400); the session, or each of the most sessions that there
                may be, answers another request (429).
        """
        if not _NAME.fullmatch(name):
            raise HTTPException(400, "session: expected 1 to 64 of the characters A-Z a-z 0-9 -")
        session = self._sessions.get(name) or self._add(name)
        if session.busy:
            raise HTTPException(429, "the session still answers its last request: send one at a time")
        if session.expiry is not None:
            session.expiry.cancel()
        session.busy = True
        try:
            yield session
        finally:
            session.busy, session.used = False, time.monotonic()
            session.expiry = asyncio.get_running_loop().call_later(UNUSED_S, self._close, name)

    async def run(self, session: Session, recognize: Callable[[], Answer]) -> Answer:
        """Call a method of ``session.recognition`` in its thread, when one of the slots is free."""
        async with self._slots:
            return await asyncio.wrap_future(session.worker.submit(recognize))

    def close(self, seconds: float) -> bool:
        """Close all sessions, and return whether their threads have ended within that time."""
        deadline = time.monotonic() + seconds
        workers = [session.worker for session in self._sessions.values()]
        for name in list(self._sessions):
            self._close(name)
        ended = [worker.join(max(0.0, deadline - time.monotonic())) for worker in workers]
        return all(ended)

    def _add(self, name: str) -> Session:
        if len(self._sessions) >= MOST:
            unused = [(each.used, other) for other, each in self._sessions.items() if not each.busy]
            if not unused:
                raise HTTPException(429, f"{MOST} sessions are busy: try again in a moment")
            self._close(min(unused)[1])
        session = self._sessions[name] = Session()
        return session

    def _close(self, name: str) -> None:
        self._sessions.pop(name).close()
