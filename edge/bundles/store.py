"""Bundles that came after the program: which are here, which one runs, and the way back.

A folder with one folder for each installed bundle, and ``state.json``. Every change is one rename, or two
where a bundle takes the place of an idle or damaged one: whenever the power fails, a bundle is here whole
or not at all, and the state is the old one or the new one.
"""

import hashlib
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from edge.bundles import self_test, signature
from edge.bundles.format import JSON_FILE, SIGNATURE_FILE, Bundle, holds_only_a_bundle, read_bundle
from edge.bundles.state import State, StateFile, is_name, locked
from edge.bundles.trial import BundleTrial
from edge.core.errors import BundleError, ModelError
from edge.core.files import make_folder, rename_folder
from edge.landmarks import assets

log = logging.getLogger(__name__)

SHIPPED = Path(__file__).parent / "shipped"
"""Folder of the bundles that come with the program."""

MAX_STARTS = 2
"""So often a new bundle may be started without proving itself."""

FORMER_NAMES = {"fused": "fer2013"}
"""Of shipped bundles: up to version 0.6 → now."""

_INCOMING = ".incoming"


def shipped() -> list[str]:
    """Names of the bundles that come with the program."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{JSON_FILE}"))


def read_signed(path: Path, public_key: str) -> Bundle:
    """Read a bundle that did not come with the program.

    Args:
        public_key: whose signature it must have; empty: anybody's will do, and none.

    Raises:
        BundleError: it is not whole, or not signed with that key.
        ConfigError: the package for signatures is missing, or the key is none.
    """
    return read_bundle(path, partial(signature.verify, path, public_key) if public_key else None)


class BundleStore:
    """The installed bundles of this device.

    Commands change it (``install``, ``use``, ``rollback``), the service reads it (``start``) and says through
    a ``BundleTrial`` how it went. Both may do so at the same time.
    """

    def __init__(self, folder: Path | None = None, public_key: str = "") -> None:
        """
        Args:
            folder: None: ``bundles`` in ``$STATE_DIRECTORY`` or the user's data directory.
            public_key: minisign key that installed bundles must be signed with; empty: none.
        """
        self.folder = folder or _default_folder()
        self._public_key = public_key
        self._state = StateFile(self.folder)

    @property
    def state(self) -> State:
        """What is in use, and what was."""
        return self._state.now

    def names(self) -> list[str]:
        """Names of the installed bundles, whole or not."""
        try:
            return sorted(
                entry.name for entry in self.folder.iterdir() if is_name(entry.name) and entry.is_dir()
            )
        except OSError:
            return []

    def read(self, name: str) -> Bundle:
        """A shipped or installed bundle, verified.

        Raises:
            BundleError: there is none of that name, it is not whole, or its signature is missing or wrong.
            ConfigError: see ``read_signed``.
        """
        if name in shipped():
            return read_bundle(SHIPPED / name)
        if name in self.names():
            return read_signed(self.folder / name, self._public_key)
        if name in FORMER_NAMES:
            now = FORMER_NAMES[name]
            log.warning("the bundle %s is called %s now; everyday is the one for a camera", name, now)
            return self.read(now)
        raise BundleError(
            f"no bundle {name!r}: shipped are {', '.join(shipped()) or 'none'}, installed "
            f"{', '.join(self.names()) or 'none'}; write a path (with a /) for a bundle of your own"
        )

    def install(self, source: str, name: str | None = None) -> str:
        """Verify a bundle, run its network in a process of its own, and keep it. It is not in use by that.

        Args:
            source: a folder, a tar file, or ``-`` for a tar archive on the standard input.
            name: what to call it here; None: its own name.

        Returns:
            Its name here.

        Raises:
            BundleError: it is not whole, not signed, does not fit this device, crashes the runtime, or the
                name cannot be used. Nothing has changed then.
            ConfigError: see ``read_signed``.
            OSError: the folder cannot be written, or the disk is full. Nothing has changed then.
        """
        if name is not None:
            _check_name(name)
        with self._unpacked(source) as new:
            bundle = read_signed(new, self._public_key)
            name = name or bundle.name
            _check_name(name)
            if not self._has(name, new):
                self_test.check_apart(new)
                self._put(new, name)
        return name

    def use(self, name: str) -> None:
        """Let the next start or reload of the service run this bundle.

        Raises:
            BundleError, ConfigError: see ``read``.
            OSError: the folder cannot be written.
        """
        self.read(name)
        self._state.change(lambda state: state.using(name))

    def rollback(self) -> str | None:
        """Let the next start or reload run the bundle that ran before.

        Returns:
            Its name; None: the default of the settings.

        Raises:
            BundleError: the default is in use.
            OSError: the folder cannot be written.
        """
        if self.state.current is None:
            raise BundleError("nothing to roll back: the default of the settings is in use")
        return self._state.change(self._back).current

    def start(self) -> BundleTrial:
        """The bundle that the service should run now. Each call is a start, and a new bundle has
        ``MAX_STARTS`` to prove itself; after that the way leads back to the previous one.
        """
        state = self.state
        if state.current is not None and not self._is_here(state.current):
            self.roll_back_from(state.current, "it is not there any more")
        elif state.unproven_starts is not None and state.unproven_starts >= MAX_STARTS:
            self.roll_back_from(state.current, f"{state.unproven_starts} starts without a frame")
        elif state.unproven_starts is not None:
            self._state.keep(State.counted)
        state = self.state
        return BundleTrial(self, state.current, pending=state.unproven_starts is not None)

    def identity(self, name: str) -> bytes | None:
        """A hash that tells an installed bundle from another one that had its name. For ``BundleTrial``.

        Returns:
            None: nothing that can be read was installed under that name.
        """
        with suppress(OSError):
            return hashlib.sha256((self.folder / name / JSON_FILE).read_bytes()).digest()
        return None

    def mark_proven(self, name: str) -> None:
        """A bundle works: its starts are not counted any more. For ``BundleTrial``."""
        self._state.keep(
            lambda state: replace(state, unproven_starts=None) if state.current == name else state
        )

    def uncount_start(self, name: str) -> None:
        """A start of a bundle was none. For ``BundleTrial``."""
        self._state.keep(lambda state: state.counted(-1) if state.current == name else state)

    def roll_back_from(self, name: str | None, reason: str) -> None:
        """Go back to the previous bundle because this one, if it is in use, cannot be run.

        Args:
            name: None: none.
            reason: for the log.
        """
        if name is None or self.state.current != name:
            return
        self._state.keep(lambda state: self._back(state) if state.current == name else state)
        now = self.state.current or "the default"
        log.warning("bundle %s is rolled back to %s: %s", name, now, reason)

    def _is_here(self, name: str) -> bool:
        return name in shipped() or name in self.names()

    def _back(self, state: State) -> State:
        previous = state.previous
        return State(previous if previous is not None and self._is_here(previous) else None)

    @contextmanager
    def _unpacked(self, source: str) -> Iterator[Path]:
        """The files of ``source`` in a folder that is removed in the end, if it is still there.

        Its parent is the lock between two installations; what an interrupted one left there goes first.
        """
        from edge.bundles import unpack

        room = self.folder / _INCOMING
        make_folder(room)
        with locked(room, wait=False):
            new = room / "new"
            try:
                _empty(room)
                new.mkdir()
                unpack.unpack(source, new)
                yield new
            except BundleError as error:
                raise BundleError(f"not installed: {str(error).replace(str(new), source)}") from None
            finally:
                with suppress(OSError):
                    _empty(room)

    def _has(self, name: str, new: Path) -> bool:
        """Whether the very same bundle is installed. ``model.json`` names the hash of everything else."""
        try:
            self.read(name)
        except BundleError:
            return False
        files = (JSON_FILE, SIGNATURE_FILE)
        return all(_content(self.folder / name / file) == _content(new / file) for file in files)

    def _put(self, new: Path, name: str) -> None:
        place = self.folder / name
        with locked(self.folder):
            state = self.state
            if name in (state.current, state.previous) and self._is_whole(name):
                raise BundleError(
                    f"{name} is the {'current' if name == state.current else 'previous'} bundle and another "
                    "one: choose another --name"
                )
            if place.exists() and not holds_only_a_bundle(place):
                raise BundleError(f"{place} is there and no bundle: choose another --name")
            rename_folder(new, place, new.with_name("old"))

    def _is_whole(self, name: str) -> bool:
        try:
            self.read(name)
        except BundleError:
            return False
        return True


def _default_folder() -> Path:
    try:
        return assets.data_directory() / "bundles"
    except ModelError:
        return Path("/nonexistent/bundles")  # where Debian's users without a home have it


def _check_name(name: str) -> None:
    if not is_name(name):
        raise BundleError(
            f"{name!r} cannot be the name of an installed bundle (small letters, digits, '.', '_', '-', at "
            "most 64): choose another --name"
        )
    if name in shipped():
        raise BundleError(f"{name} is the name of a shipped bundle: choose another --name")


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
