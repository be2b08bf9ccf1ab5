"""How every command of the project ends: one line on stderr and an exit code, never a traceback."""

import argparse
import io
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from edge.core.address import shown_argument
from edge.core.errors import FerError

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130
"""128 + SIGINT, what a shell reports for Ctrl-C."""


def run(main: Callable[[], int]) -> int:
    """Call ``main`` and return its exit code, or that of the error it raised.

    ``FerError`` gives its own ``exit_code``, ``OSError`` (a full disk, say) 1, Ctrl-C 130; each
    prints one line. A closed pipe (``… | head``) ends quietly with 0. Anything else is a bug and
    goes through.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file name may hold bytes that the terminal's encoding has no character for.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = main()
        sys.stdout.flush()
        return code
    except FerError as error:
        return _fail(_one_line(str(error)), error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # Python flushes stdout once more at exit: give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _fail(_describe(error), EXIT_ERROR)


@contextmanager
def muted_stderr() -> Iterator[None]:
    """Nothing reaches stderr, not even from native code; exceptions do get out.

    For libraries that tell their life story while they are loaded.
    """
    sys.stderr.flush()
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


class Parser(argparse.ArgumentParser):
    """An ``ArgumentParser`` whose errors quote no argument if one of them may be an address with a password.

    Not even the others: a shell splits an address with blanks into several arguments.
    """

    _given: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._given = sys.argv[1:] if args is None else list(args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        if any(shown_argument(argument) != argument for argument in self._given):
            said = re.sub(r"^((argument [^:]*: )?[\w -]*).*", r"\1", message, flags=re.DOTALL)
            message = f"{said.strip()} (not shown: an argument may be an address with a password)"
        super().error(message)


def positive(text: str) -> int:
    """The type of a flag that counts something, for argparse: 1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {number}")
    return number


def _describe(error: OSError) -> str:
    text = error.strerror or str(error) or type(error).__name__
    name = f" ({error.filename})" if error.filename else ""
    return _one_line(f"{text}{name}")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _fail(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code
