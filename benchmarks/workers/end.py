"""What the far ends of ``worker_process.Worker`` share: JSON lines out, whatever happens.

Standard library and ``edge.core.errors``, so that it runs in an environment without our packages.
"""

import json
import os
from collections.abc import Callable
from typing import Any, TextIO

from edge.core.errors import MienError


def take_stdout() -> TextIO:
    """Stdout for us alone: what libraries print there goes to stderr."""
    stream = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return stream


def say(stream: TextIO, message: dict[str, Any]) -> None:
    """Write one line, at once."""
    stream.write(json.dumps(message) + "\n")
    stream.flush()


def attempt(answer: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer, or why there is none, as ``error``. Packages of other people raise what they like."""
    try:
        return answer()
    except MienError as error:
        return {"error": str(error)}
    except Exception as error:
        return {"error": " ".join(f"{type(error).__name__}: {error}".split())}
