"""The file of a listening Unix socket: one that a service left behind is replaced, anything else is kept."""

import errno
import os
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path

from edge.core.errors import ConfigError

MODE = 0o660
"""Readers connect by the group of the service."""

_BACKLOG = 16
_SETTLED_S = 0.05  # from the making of a socket to its listening; far less than that
_CONNECT_S = 1.0


def check(path: Path) -> None:
    """Check that a socket may be at ``path``, without changing anything. A service may be running there.

    Raises:
        ConfigError: there is something else than a socket.
        OSError: the folder cannot be written.
    """
    if os.path.lexists(path):
        _check_is_socket(path)
    if path.parent.exists() and not os.access(path.parent, os.W_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(path.parent))


class SocketFile:
    """A socket that listens at a path; ``server`` accepts connections without waiting."""

    def __init__(self, path: Path) -> None:
        """Listen.

        Raises:
            ConfigError: another service listens there, or there is something else than a socket.
            OSError: the folder does not exist or cannot be written.
        """
        self._path = path
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            os.fchmod(self.server.fileno(), MODE)  # the file never has more than this, even before chmod
            self._bind()
            path.chmod(MODE)  # more than the umask leaves
            self._identity = _identity(path)
            self.server.listen(_BACKLOG)
            self.server.setblocking(False)
        except BaseException:
            self.server.close()
            raise

    def close(self) -> None:
        """Stop listening, and remove the file if it is still this one."""
        with suppress(OSError):  # removed, or in a folder that is gone
            if _identity(self._path) == self._identity:
                self._path.unlink()
        self.server.close()

    def _bind(self) -> None:
        for left in (True, False):
            try:
                self.server.bind(str(self._path))
                return
            except OSError as error:
                if error.errno != errno.EADDRINUSE or not left:
                    raise OSError(error.errno, error.strerror, str(self._path)) from None
            _remove_left(self._path)


def _remove_left(path: Path) -> None:
    """Remove the socket of a service that was killed."""
    _check_is_socket(path)
    identity = _identity(path)
    for pause_s in (_SETTLED_S, 0.0):  # another service may be about to listen
        if _listens(path) or _identity(path) != identity:
            raise ConfigError(
                f"another service listens at {path}: end it, or name another path in output.socket"
            )
        time.sleep(pause_s)
    path.unlink()


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_CONNECT_S)
        try:
            connection.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:  # of another kind, of another user, or with too much to do
            return True
    return True


def _check_is_socket(path: Path) -> None:
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise ConfigError(
            f"{path} is no socket: nothing was changed; remove it, or name another path in output.socket"
        )


def _identity(path: Path) -> tuple[int, int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino, found.st_ctime_ns
