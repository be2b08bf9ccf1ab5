"""The errors that are meant for the user. Every message says what was expected, what came, and what to do.

Exit code 78 is ``EX_CONFIG`` of sysexits.h: starting again will not help, and systemd does not restart.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class MienError(Exception):
    """Base of every error that is meant for the user: one clear line, no traceback."""

    exit_code = 1


class ConfigError(MienError):
    """A setting or flag has an unknown name, the wrong type, or a value out of range."""

    exit_code = 78


class BundleError(MienError):
    """A model bundle is missing, damaged, not signed, or made for another version."""

    exit_code = 78


class ModelError(MienError):
    """A MediaPipe face model is absent or its bytes are not the pinned ones."""

    exit_code = 78


class SourceError(MienError):
    """A frame source cannot be opened or read."""


class BackendError(MienError):
    """A landmark backend or the TFLite runtime cannot start."""


class RefusedError(BackendError):
    """The TFLite runtime loads but refuses a network; that of a bundle is a ``BundleError``."""


class StreamError(MienError):
    """The socket of a service has no service, or none that can be understood."""


class StreamDeniedError(StreamError):
    """The socket of a service may not be read by this user: to wait for it does not help."""


class DataError(MienError):
    """A data set, landmarks file or trained model cannot be used."""


def first_line(error: BaseException) -> str:
    """The first line of another library's error message; the name of the error's type where it has none."""
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextmanager
def as_data_error(what: str, to_do: str) -> Iterator[None]:
    """Raise any error as ``DataError``, except that of a package that is not installed.

    For reading damaged files: a flipped bit raises anything from ``zlib.error`` to ``SyntaxError``.
    """
    try:
        yield
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise DataError(f"{what} ({first_line(error)}): {to_do}") from None
