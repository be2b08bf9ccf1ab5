"""The error tree. Every message says what was expected, what came, and what to do.

::

    MienError            exit 1
    ├ ConfigError       exit 78  settings or flags; systemd must not restart
    ├ BundleError       exit 78  missing, corrupt, wrong hash, wrong feature version
    ├ ModelError        exit 78  the face models: absent or not the pinned bytes
    ├ SourceError       exit 1   a file, folder or device that cannot be read
    ├ BackendError      exit 1   a landmark backend or runtime that cannot start
    │ └ RefusedError    exit 1   the runtime is there and refuses a network; of a bundle: BundleError
    └ DataError         exit 1   a data set that cannot be used (train, convert, benchmarks)

78 is ``EX_CONFIG`` of sysexits.h: starting again will not help.
"""


class MienError(Exception):
    """Base of every error that is meant for the user: one clear line, no traceback."""

    exit_code = 1


class ConfigError(MienError):
    """A setting or flag has an unknown name, the wrong type, or a value out of range."""

    exit_code = 78


class BundleError(MienError):
    """A model bundle is missing, corrupt, or made for something else."""

    exit_code = 78


class ModelError(MienError):
    """A MediaPipe face model is absent or its bytes are not the pinned ones."""

    exit_code = 78


class SourceError(MienError):
    """A frame source cannot be opened or read."""


class BackendError(MienError):
    """A landmark backend or the TFLite runtime cannot start."""


class RefusedError(BackendError):
    """The TFLite runtime is there and refuses a network."""


class DataError(MienError):
    """A data set, landmarks file or trained model cannot be used."""


def first_line(error: BaseException) -> str:
    """What a foreign error says, in one line; the name of its type where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]
