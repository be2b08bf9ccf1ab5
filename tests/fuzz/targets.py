"""What a target of the fuzzer is, and the table of all of them."""

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.mutate import Files, mutate


@dataclass(frozen=True, slots=True)
class Target:
    """One parser."""

    seeds: Callable[[], list[Files]]
    """Makes valid inputs."""
    parse: Callable[[Path], None]
    """Reads an input, which lies in a folder, as the program does. It may raise ``MienError`` and
    ``OSError``."""
    damage: Callable[[random.Random, Files], Files] = mutate
    """Makes an input of a valid one."""
    repair: Callable[[Files], Files] = field(default=lambda files: files)
    """Puts checksums right, so that damage reaches what lies behind them; done with most of the inputs."""
    needs: tuple[str, ...] = ()
    """Packages."""
    contained: bool = False
    """The program itself runs this in a child process: a crash of the process is counted, no failure."""

    def missing(self) -> list[str]:
        """Packages that are not installed."""
        return [name for name in self.needs if find_spec(name) is None]


_MODULES = ("targets_store", "targets_edge", "targets_data", "targets_desktop")


def all_targets() -> dict[str, Target]:
    """By name, cheap ones first."""
    modules = [import_module(f"tests.fuzz.{name}") for name in _MODULES]
    return {name: target for module in modules for name, target in module.TARGETS.items()}


MOST_CHARACTERS = 2000


def note(message: str) -> None:
    """Take a message about one skipped row or file, as the commands print it.

    Raises:
        AssertionError: it is not one line of fair length. (``edge.cli.console`` sees to that for errors.)
    """
    assert not {"\n", "\r"} & set(message), f"more than one line: {message[:300]!r}"
    assert len(message) <= MOST_CHARACTERS, f"{len(message)} characters: {message[:300]!r}"


def write(files: Files, folder: Path) -> None:
    """Lay the files into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def png_checksums(data: bytes) -> bytes:
    """A PNG with the checksum of each chunk put right, as far as the chunks can be followed."""
    result, place = bytearray(data), 8
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        if end + 4 > len(data):
            break
        result[end : end + 4] = zlib.crc32(data[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(result)
