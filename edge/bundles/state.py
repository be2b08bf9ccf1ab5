"""The bundle of a store that is in use, in a file that several processes read and write."""

import fcntl
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edge.core.errors import BundleError
from edge.core.files import make_folder, write_atomic

log = logging.getLogger(__name__)

STATE_FILE = "state.json"
_MAX_BYTES = 4096
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def is_name(name: str) -> bool:
    """Whether an installed bundle may have this name."""
    return _NAME.fullmatch(name) is not None and name != STATE_FILE


@dataclass(frozen=True, slots=True)
class State:
    """The content of ``state.json``. Where it is missing or damaged, every field is None."""

    current: str | None = None
    """Name of the bundle to run; None: the default of the settings."""
    previous: str | None = None
    """Name of the bundle to roll back to, which has proved itself; None: the default of the settings."""
    unproven_starts: int | None = None
    """Number of starts of ``current`` before it has proved itself; None: it has."""

    def select(self, name: str) -> "State":
        """The state with another bundle in use; or with the same one, whose starts count anew."""
        if name == self.current:
            return replace(self, unproven_starts=None if self.unproven_starts is None else 0)
        # A bundle that never proved itself is nothing to roll back to.
        previous = self.current if self.unproven_starts is None else self.previous
        return State(name, None if previous == name else previous, 0)

    def count_starts(self, starts: int = 1) -> "State":
        """The state with ``starts`` added to the unproven ones, if they are counted; never below 0."""
        if self.unproven_starts is None:
            return self
        return replace(self, unproven_starts=max(0, self.unproven_starts + starts))


class StateFile:
    """``state.json`` in a folder. A damaged file counts as missing, so that no service ends because of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / STATE_FILE
        self._state = self._on_disk = State()

    @property
    def state(self) -> State:
        """The state on the disk; after a change that could not be written, the changed state."""
        on_disk = self._read()
        if on_disk != self._on_disk:
            self._state = self._on_disk = on_disk
        return self._state

    def change(self, change: Callable[[State], State]) -> State:
        """Read, change and write the state as one step.

        Raises:
            OSError: the file cannot be written; nothing has changed.
        """
        make_folder(self._folder)
        with locked(self._folder):
            state = change(self.state)
            if state != self._on_disk:
                for leftover in self._folder.glob(f".{self._path.stem}-*"):  # of a power cut
                    leftover.unlink()
                write_atomic(self._path, json.dumps(asdict(state)).encode() + b"\n")
            self._state = self._on_disk = state
        return state

    def change_or_remember(self, change: Callable[[State], State]) -> None:
        """Change the state; if it cannot be written, remember it for this process and log a warning."""
        try:
            self.change(change)
        except OSError as error:
            self._state = change(self.state)
            log.warning("cannot write %s, change kept until the program ends: %s", self._path, error.strerror)

    def _read(self) -> State:
        try:
            with self._path.open("rb") as file:
                return _parse(file.read(_MAX_BYTES))
        except FileNotFoundError:
            return State()
        except (OSError, ValueError, RecursionError) as error:
            log.warning("cannot use %s, running the default bundle: %s", self._path, error)
            return State()


def _parse(text: bytes) -> State:
    content = json.loads(text)
    if not isinstance(content, dict) or content.keys() != asdict(State()).keys():
        raise ValueError(f"expected an object with the keys {', '.join(asdict(State()))}")
    state = State(**content)
    names = [name for name in (state.current, state.previous) if name is not None]
    starts = 0 if state.unproven_starts is None else state.unproven_starts
    if not all(isinstance(name, str) and is_name(name) for name in names) or type(starts) is not int:
        raise ValueError("expected names of bundles and a number of starts")
    return state


@contextmanager
def locked(folder: Path, wait: bool = True) -> Iterator[None]:
    """Hold a folder's lock. The system releases it when the process ends in any way.

    Raises:
        BundleError: another process holds the lock, and ``wait`` is false.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise BundleError("another installation is running: try again when it has ended") from None
        yield
    finally:
        os.close(handle)
