"""sd_notify: tell systemd how the service is doing (see sd_notify(3))."""

import os
import socket


def notify(state: str) -> None:
    """Send e.g. ``READY=1`` or ``STATUS=…`` to the service manager; without one, do nothing.

    A message that cannot be delivered is dropped: the service matters more than its status line.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # Linux's abstract namespace
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.connect(address)
            channel.sendall(state.encode())
        except OSError:
            pass
