"""What the processes behind ``benchmarks.workers.process.Worker`` share: they answer in JSON lines.

Needs the standard library and ``edge.core.errors`` only, so that it runs in the environment of any package.
"""

import json
import os
from collections.abc import Callable
from typing import Any, TextIO

from edge.core.errors import MienError


def take_stdout() -> TextIO:
    """Take stdout for the answers alone; what libraries print goes to stderr from now on."""
    stream = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return stream


def say(stream: TextIO, message: dict[str, Any]) -> None:
    """Write one line, at once."""
    stream.write(json.dumps(message) + "\n")
    stream.flush()


def attempt(answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer, or a message with the reason as ``error``. Packages of others raise any exception."""
    try:
        return answer()
    except MienError as error:
        return {"error": str(error)}
    except Exception as error:
        return {"error": " ".join(f"{type(error).__name__}: {error}".split())}
