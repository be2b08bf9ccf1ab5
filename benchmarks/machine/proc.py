"""The small text files in which Linux describes itself."""

from pathlib import Path


def text(path: Path) -> str | None:
    """The content of a file of /proc or /sys, without the end of the line; None if it cannot be read."""
    try:
        return path.read_text("utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return None
