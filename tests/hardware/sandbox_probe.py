"""Run by ``systemd.sh`` in the service's sandbox: what it lets through, and what not."""

import ctypes
import errno
import os
import resource
import socket
import sys
from pathlib import Path


def error_of(action):
    """The errno of an action, 0 if it works."""
    try:
        action()
    except OSError as error:
        return error.errno
    return 0


def internet():
    """Connect to a port of this machine where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as channel:
        channel.connect(("127.0.0.1", 9))


def opens(path):
    return lambda: os.close(os.open(path, os.O_RDWR))


def main(network):
    reached = error_of(internet)
    assert reached == (errno.ECONNREFUSED if network else errno.EAFNOSUPPORT), os.strerror(reached)
    assert error_of(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()) == 0
    assert error_of(opens("/dev/probe-group")) == 0  # mode 660, group video
    assert error_of(opens("/dev/probe-foreign")) == errno.EPERM  # not in DeviceAllow=
    assert error_of(lambda: Path("/opt/mien/probe").touch()) == errno.EROFS
    state = Path(os.environ["STATE_DIRECTORY"]) / "probe"
    state.touch()
    assert state.stat().st_mode & 0o777 == 0o600
    state.unlink()
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
    callback = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 7)  # libffi without writable code
    assert callback() == 7
    assert "processor" in Path("/proc/cpuinfo").read_text("utf-8")
    print(
        "probe: group video opens, other devices and folders do not;", "network" if network else "no network"
    )


if __name__ == "__main__":
    main(sys.argv[1] == "network")
