"""Look for a camera that is not there, with the real picamera2, more often than a process may open files."""

import os
import resource
import sys

import picamera2

from edge.core.errors import SourceError
from edge.sources.picamera import PiCapture

ATTEMPTS = 100


def open_files() -> int:
    """How many file descriptors this process has."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def attempt() -> str:
    """What the source says about the missing camera."""
    try:
        PiCapture(picamera2, 640, 480, 30.0)
    except SourceError as error:
        return str(error)
    sys.exit("expected no camera, found one")


def main() -> None:
    """Each attempt must fail in the same way and leave nothing open."""
    first, before = attempt(), open_files()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before + ATTEMPTS // 2, most))
    others = {attempt() for _ in range(ATTEMPTS)}
    if others != {first} or open_files() != before:
        sys.exit(f"expected {first!r} and {before} open files, found {others} and {open_files()}")
    print(f"{ATTEMPTS} attempts: {first}; as many files open as before")


if __name__ == "__main__":
    main()
