"""The file of a listening Unix socket: one that a service left behind is replaced, anything else is kept."""

import errno
import fcntl
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from edge.core.errors import ConfigError

MODE = 0o660
"""Readers connect by the group of the service."""

_BACKLOG = 16
_CONNECT_S = 1.0
_LOCK_S, _LOCK_STEP_S = 1.0, 0.01


def check(path: Path) -> None:
    """Check that a socket may be at ``path``, without changing anything. A service may be running there.

    Raises:
        ConfigError: there is something else than a socket.
        OSError: the folder cannot be written; or it is missing, and so is the one above it.
    """
    if os.path.lexists(path):
        _check_is_socket(path)
    folder = path.parent if path.parent.exists() else path.parent.parent
    needs = (
        (errno.ENOENT, folder.exists()),
        (errno.ENOTDIR, folder.is_dir()),
        (errno.EACCES, os.access(folder, os.W_OK | os.X_OK)),
    )
    for number, is_met in needs:
        if not is_met:
            text = f"{os.strerror(number)}: make a folder that you may write, or change output.socket"
            raise OSError(number, text, str(folder))


class SocketFile:
    """A socket that listens at a path; ``server`` accepts connections without waiting."""

    def __init__(self, path: Path) -> None:
        """Listen.

        Raises:
            ConfigError: another service listens there, or there is something else than a socket of this user.
            OSError: the folder does not exist or cannot be written.
        """
        self._path = path
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            os.fchmod(self.server.fileno(), MODE)  # the file never has more than this, even before chmod
            with _locked(path.parent):  # so a socket where nobody listens is none that is about to
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
            with suppress(FileNotFoundError):  # its service has just ended
                _remove_left(self._path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep out other services that begin to listen in a folder.

    Whoever may read the folder may hold the lock for ever: after a while it is done without.
    """
    with ExitStack() as closing:
        with suppress(OSError):  # missing, which ``bind`` reports; or it may not be read
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            closing.callback(os.close, handle)
            _lock(handle)
        yield


def _lock(handle: int) -> None:
    end_s = time.monotonic() + _LOCK_S
    while time.monotonic() < end_s:
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_LOCK_STEP_S)


def _remove_left(path: Path) -> None:
    """Remove the socket of a service that was killed."""
    _check_is_socket(path)
    if _listens(path):
        raise ConfigError(
            f"another service listens at {path}, or it is another user's: "
            "end that service, or name another path in output.socket"
        )
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
