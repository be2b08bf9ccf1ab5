"""Where the socket is: the one rule of the service and its readers."""

import os
import stat
import tempfile
from pathlib import Path

from edge.core.errors import ConfigError

FILE = "mien.sock"
SERVICE_FOLDER = Path("/run/mien")
"""The folder of the installed service's socket (``systemd/mien.service``)."""
MAX_BYTES = 107
"""Longest path of a Unix socket on Linux, bytes."""


def service_path(setting: str) -> Path:
    """The socket that a service with the setting ``output.socket`` opens.

    Args:
        setting: the path; empty: ``mien.sock`` in ``$RUNTIME_DIRECTORY`` (systemd sets it), else in the
            folder ``mien`` in ``$XDG_RUNTIME_DIR``, else in ``mien-UID`` in the folder for temporary files.

    Raises:
        ConfigError: the path is too long, or the last of these folders belongs to somebody else.
    """
    return checked(Path(setting) if setting else _default())


def reader_path(setting: str = "") -> Path:
    """The socket that a reader connects to: that of the installed service where the user has none running.

    Args:
        setting: the path; empty: as for ``service_path``.

    Raises:
        ConfigError: see ``service_path``.
    """
    own = service_path(setting)
    if setting or os.path.lexists(own) or not SERVICE_FOLDER.is_dir():
        return own
    return SERVICE_FOLDER / FILE


def checked(path: Path) -> Path:
    """``path``, if a socket can have it.

    Raises:
        ConfigError: it is too long.
    """
    length = len(os.fsencode(path))
    if length > MAX_BYTES:
        raise ConfigError(
            f"the path of the socket has {length} bytes, and at most {MAX_BYTES} are possible: "
            f"name a shorter one in output.socket ({path})"
        )
    return path


def _default() -> Path:
    # systemd joins several folders with colons; ours is the first.
    if runtime := os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]:
        return Path(runtime) / FILE
    if user_runtime := os.environ.get("XDG_RUNTIME_DIR", ""):
        return Path(user_runtime) / "mien" / FILE
    folder = Path(tempfile.gettempdir()) / f"mien-{os.getuid()}"
    try:
        found = folder.lstat()
    except FileNotFoundError:  # a service makes it, with this mode
        return folder / FILE
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ConfigError(
            f"{folder} must be a folder of yours that nobody else may enter (mode 0700): remove it, "
            "or name another path in output.socket"
        )
    return folder / FILE
