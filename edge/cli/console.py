"""What every command shares: arguments, output, and an end with one line on stderr and an exit code."""

import argparse
import io
import logging
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn, TextIO

from edge.core.address import shown_argument
from edge.core.errors import MienError
from edge.core.stderr import muted_stderr
from edge.core.text import escaped

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130
"""128 + SIGINT, what a shell reports for Ctrl-C."""
_ENDING_SIGNALS = ("SIGTERM", "SIGHUP")
"""What a system sends to end a program, and a terminal when it is closed; Windows lacks the latter."""

_PACKAGES = {
    **dict.fromkeys(("cv2", "dacite", "numpy"), "requirements-edge.txt"),
    **dict.fromkeys(
        ("jinja2", "keras", "matplotlib", "sklearn", "tensorflow", "tqdm"), "requirements-train.txt"
    ),
    **dict.fromkeys(("starlette", "uvicorn"), "requirements-page.txt"),
}
"""Module of a package → the requirements file that installs it."""
_UNIX_MODULES = ("fcntl", "resource")
"""Modules of Python that Windows lacks."""


def run(main: Callable[[], int]) -> int:
    """Call ``main`` and return its exit code, or that of the error that it raised.

    ``MienError`` has an ``exit_code`` of its own, ``OSError`` (a full disk, say) and a package that is not
    installed give 1, Ctrl-C 130; each prints one line. A closed pipe (``… | head``) ends quietly with 0.
    Any other exception is a bug and is raised.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file name may hold bytes that the terminal's encoding has no character for.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _exit_code(main)
        sys.stdout.flush()
        return code
    except MienError as error:
        return _fail(_one_line(str(error)), error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        return 0
    except OSError as error:
        return _fail(_describe(error), EXIT_ERROR)
    except ModuleNotFoundError as error:
        return _fail(_missing_package(error), EXIT_ERROR)
    finally:
        _discard_unwritten_output()


def warn_of_other_systems() -> None:
    """Print a warning on a system that is not Linux."""
    if sys.platform != "linux":
        say(f"warning: this program is for Linux; it was not tested on {sys.platform}", sys.stderr)


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Let SIGTERM and SIGHUP leave the context as Ctrl-C does, so that no temporary file stays.

    The exit code is 128 + the signal's number. A signal that is ignored, as by nohup, stays so.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    signals = [getattr(signal, name) for name in _ENDING_SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in signals}
    for number, handler in before.items():
        if handler is signal.SIG_DFL:
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


CLEAR_LINE = "\r\x1b[K"
"""What removes the line of progress from a terminal, so that another text can take its place."""


def _clear_line() -> str:
    """``CLEAR_LINE`` where the standard error is a terminal, else nothing."""
    return CLEAR_LINE if sys.stderr is not None and sys.stderr.isatty() else ""


class _OneLine(logging.Formatter):
    """Formats a message as one line, whatever it holds, and a traceback as its own lines."""

    def format(self, record: logging.LogRecord) -> str:
        return _clear_line() + super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:
        return escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        return "\n".join(map(escaped, super().formatException(ei).split("\n")))


def log_handler() -> logging.Handler:
    """The handler that writes the log to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLine("%(levelname)s %(name)s: %(message)s"))
    return handler


def say(line: str, stream: TextIO | None = None) -> None:
    """Print a text as one line, whatever it holds, to ``stream`` or the standard output."""
    print(escaped(line), file=stream)


@contextmanager
def ended_by_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C end the process at once, with its line and exit code, during an import.

    Native modules such as NumPy's turn a ``KeyboardInterrupt`` into other errors.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    stderr = os.dup(2)

    def end(_number: int, _frame: FrameType | None) -> None:
        with suppress(OSError):
            os.write(stderr, b"error: interrupted\n")
        os._exit(EXIT_INTERRUPTED)

    signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.close(stderr)


@contextmanager
def quiet_import() -> Iterator[None]:
    """Silence libraries that print while they are loaded; Ctrl-C ends the process at once."""
    with ended_by_ctrl_c(), muted_stderr():
        yield


class Parser(argparse.ArgumentParser):
    """An ``ArgumentParser`` whose errors quote no argument if any of them may be an address with a password.

    A shell splits an address with blanks into several arguments, so none of them is quoted then. What errors
    do quote, such as the name of a file, is one line.
    """

    _arguments: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._arguments = sys.argv[1:] if args is None else list(args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        if any(shown_argument(argument) != argument for argument in self._arguments):
            prefix = re.sub(r"^((argument [^:]*: )?[\w -]*).*", r"\1", message, flags=re.DOTALL)
            message = f"{prefix.strip()} (not shown: an argument may be an address with a password)"
        super().error(escaped(message))


def positive(text: str) -> int:
    """The type of a flag that takes a whole number of 1 or more, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {number}")
    return number


def _exit_code(main: Callable[[], int]) -> int:
    """The exit code of ``main``; argparse raises ``SystemExit`` after a help text or a wrong flag."""
    try:
        return main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0


def _describe(error: OSError) -> str:
    text = error.strerror or str(error) or type(error).__name__
    name = f" ({escaped(shown_argument(str(error.filename)))})" if error.filename else ""
    return _one_line(f"{text}{name}")


def _missing_package(error: ModuleNotFoundError) -> str:
    """The message for a missing package or system; any other error, which is a bug, is raised again."""
    if error.name in _PACKAGES:
        return f"the package {error.name} is missing: pip install -r {_PACKAGES[error.name]}"
    if error.name in _UNIX_MODULES and sys.platform != "linux":
        return f"this command needs Linux: {sys.platform} has no {error.name}"
    raise error


def _one_line(text: str) -> str:
    return escaped(" ".join(text.split()))


def _fail(message: str, code: int) -> int:
    with suppress(OSError):
        print(f"{_clear_line()}error: {message}", file=sys.stderr)
    return code


def _discard_unwritten_output() -> None:
    """Discard output that cannot be written: Python flushes again at exit, and would end with 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
