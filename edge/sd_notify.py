"""Messages to systemd about the state of the service, see sd_notify(3)."""

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from edge.core.types import Status

INTERVAL_S = 1.0
"""Least time between two messages to the watchdog, seconds."""

_SEND_TIMEOUT_S = 0.1


def notify(state: str) -> None:
    """Send e.g. ``READY=1`` or ``STATUS=…`` to the service manager; without one, do nothing.

    A message that cannot be delivered is dropped: the service matters more than its status line.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # Linux's abstract namespace
        address = "\0" + address[1:]
    with (
        suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel,
    ):
        channel.settimeout(_SEND_TIMEOUT_S)  # a manager that does not read must not stop the loop
        channel.connect(address)
        channel.sendall(state.encode())


def under_systemd() -> bool:
    """Whether a service manager takes the messages of ``notify``."""
    return bool(os.environ.get("NOTIFY_SOCKET"))


class Heartbeat:
    """Feeds the watchdog and updates the status line, at most once a second."""

    def __init__(self, on_beat: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            on_beat: gives the status line.
            clock: monotonic seconds.
        """
        self._on_beat = on_beat
        self._clock = clock
        self._beat_at = clock()

    def beat(self, at_once: bool = False) -> None:
        """Show that the program is alive; to be called often.

        Args:
            at_once: also where the last time is less than a second ago.
        """
        now = self._clock()
        if at_once or now - self._beat_at >= INTERVAL_S:
            notify(f"WATCHDOG=1\nSTATUS={self._on_beat()}")
            self._beat_at = now


def status_line(status: Status, faces: str) -> str:
    """A run's status in one line.

    Args:
        status: the status.
        faces: the labels of the last frame's faces; not shown while there is no camera.
    """
    seen = f"paused ({status.paused})" if status.paused else "no camera" if status.camera_lost else faces
    asleep = ", asleep" if status.asleep else ""
    lost = sum(sink.dropped for sink in status.sinks.values())
    results = f", results lost {lost}" if lost else ""
    return (
        f"{status.fps:.1f} fps, {seen}{asleep}; dropped {status.dropped}, skipped {status.skipped}, "
        f"reopened {status.reopened}{results}"
    )
