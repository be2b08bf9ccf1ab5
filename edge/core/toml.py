"""Reading TOML from outside, with limits, so that no file takes more than a second."""

import re
import tomllib
from pathlib import Path
from typing import Any

MAX_BYTES = 100_000
"""Largest size of a file; all settings together have about 1000 bytes."""
MAX_DOTS = 1000
"""Most dots in a file. The time of ``tomllib`` grows with the square of the number of a key's parts, and for
each key with the number of its header's parts."""
MAX_DOTS_IN_LINE = 100
"""Most dots in a line, for the same reason."""


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no TOML, or beyond the limits; the message says which, without the path, and without
            the text of a line that may hold an address.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES} bytes")
    if b"\0" in content:
        raise ValueError("it holds zero bytes, as UTF-16 does: save it as UTF-8")
    dots = [line.count(b".") for line in content.splitlines()]
    if sum(dots) > MAX_DOTS or max(dots, default=0) > MAX_DOTS_IN_LINE:
        raise ValueError(f"it has more than {MAX_DOTS} dots, or {MAX_DOTS_IN_LINE} in a line")
    try:
        text = content.decode("utf-8-sig")  # some editors begin a file with a byte order mark
        table = tomllib.loads(text)
        str(table)  # Python does not print the largest numbers, and so no message could name them
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"it is not UTF-8 (line {line}): save it as UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not valid TOML: {_reason(text, str(error))}") from None
    return table


def _reason(text: str, message: str) -> str:
    """``tomllib``'s message; only the number of the line where that may hold an address, since the message
    has characters of the line and their position."""
    place = re.search(r"\(at (?:line (\d+), column \d+|end of document)\)$", message)
    if place is None:
        return message
    lines = text.split("\n")
    number = int(place[1] or len(lines))
    if not any(sign in lines[number - 1] for sign in ("source", "@", ":/")):
        return message
    return f'see line {number}; an address stands between quotes, single ones where it has a " or \\ in it'
