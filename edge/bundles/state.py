"""Which bundle of a store is in use, in a file that several processes read and write."""

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
    """Whether an installed bundle may be called so."""
    return _NAME.fullmatch(name) is not None and name != STATE_FILE


@dataclass(frozen=True, slots=True)
class State:
    """What ``state.json`` says. Without one, or with one that is damaged, all of it is None."""

    current: str | None = None
    """Name of the bundle to run; None: the default of the settings."""
    previous: str | None = None
    """The one to go back to, which did prove itself; None: the default of the settings."""
    unproven_starts: int | None = None
    """How often ``current`` was started; None: it has proved itself."""

    def using(self, name: str) -> "State":
        """Another bundle is wanted; or the same, which then may try again."""
        if name == self.current:
            return replace(self, unproven_starts=None if self.unproven_starts is None else 0)
        # One that never proved itself is nothing to go back to.
        previous = self.current if self.unproven_starts is None else self.previous
        return State(name, None if previous == name else previous, 0)

    def counted(self, starts: int = 1) -> "State":
        """So many starts more, where starts are counted; never less than none."""
        if self.unproven_starts is None:
            return self
        return replace(self, unproven_starts=max(0, self.unproven_starts + starts))


class StateFile:
    """``state.json`` in a folder. A service must never end because of it: a damaged one counts as none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / STATE_FILE
        self._now = self._on_disk = State()

    @property
    def now(self) -> State:
        """What the disk says; where that could not be written, what was meant."""
        on_disk = self._read()
        if on_disk != self._on_disk:
            self._now = self._on_disk = on_disk
        return self._now

    def change(self, change: Callable[[State], State]) -> State:
        """Read, change and write as one step.

        Raises:
            OSError: it cannot be written, nothing has changed.
        """
        make_folder(self._folder)
        with locked(self._folder):
            state = change(self.now)
            if state != self._on_disk:
                for left in self._folder.glob(f".{self._path.stem}-*"):  # by a power cut
                    left.unlink()
                write_atomic(self._path, json.dumps(asdict(state)).encode() + b"\n")
            self._now = self._on_disk = state
        return state

    def keep(self, change: Callable[[State], State]) -> None:
        """The same, but what cannot be written is kept in mind, with a line in the log."""
        try:
            self.change(change)
        except OSError as error:
            self._now = change(self.now)
            log.warning("cannot write %s, so known until the program ends: %s", self._path, error.strerror)

    def _read(self) -> State:
        try:
            with self._path.open("rb") as file:
                return _parse(file.read(_MAX_BYTES))
        except FileNotFoundError:
            return State()
        except (OSError, ValueError, RecursionError) as error:
            log.warning("cannot use %s, going on with the default bundle: %s", self._path, error)
            return State()


def _parse(text: bytes) -> State:
    content = json.loads(text)
    if not isinstance(content, dict) or content.keys() != asdict(State()).keys():
        raise ValueError("not the keys of a state")
    state = State(**content)
    names = [name for name in (state.current, state.previous) if name is not None]
    starts = 0 if state.unproven_starts is None else state.unproven_starts
    if not all(isinstance(name, str) and is_name(name) for name in names) or type(starts) is not int:
        raise ValueError("not the values of a state")
    return state


@contextmanager
def locked(folder: Path, wait: bool = True) -> Iterator[None]:
    """Hold a folder's lock. It ends with the process, however that ends.

    Raises:
        BundleError: somebody else holds it, and ``wait`` is false.
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
