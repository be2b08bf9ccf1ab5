"""TOML from outside: read with limits, so that no file takes the device's time or memory."""

import tomllib
from pathlib import Path
from typing import Any

MAX_BYTES = 100_000
"""Of a file; all settings together have about 1000."""
MAX_DOTS = 100
"""In a line. ``tomllib`` takes a time that grows with the square of a key's parts."""


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no TOML, or beyond the limits; the message says which, without the path.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES} bytes")
    if any(line.count(b".") > MAX_DOTS for line in content.splitlines()):
        raise ValueError(f"it has a line with more than {MAX_DOTS} dots")
    try:
        table = tomllib.loads(content.decode())
        str(table)  # Python does not print the largest numbers, and so no message could name them
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not valid TOML: {error}") from None
    return table
