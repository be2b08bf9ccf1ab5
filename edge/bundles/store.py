"""The store of installed bundles: which there are, which one runs, and how it is rolled back.

It is a folder with one folder for each installed bundle, and ``state.json``. Whenever the power fails, a
bundle is there whole or not at all (``edge.bundles.install``), and the state is the old one or the new one.
"""

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from edge.bundles import signature
from edge.bundles.format import JSON_FILE, Bundle, read_bundle
from edge.bundles.state import State, StateFile, is_name
from edge.bundles.trial import BundleTrial
from edge.core.errors import BundleError, ModelError
from edge.landmarks import assets

log = logging.getLogger(__name__)

SHIPPED = Path(__file__).parent / "shipped"
"""Folder of the bundles that come with the program."""

MAX_STARTS = 2
"""Number of starts that a new bundle has to prove itself."""

FORMER_NAMES = {"fused": "fer2013"}
"""Names of shipped bundles up to version 0.6 → their present names."""


def shipped() -> list[str]:
    """Names of the bundles that come with the program."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{JSON_FILE}"))


def read_signed(path: Path, public_key: str) -> Bundle:
    """Read a bundle that did not come with the program.

    Args:
        path: folder of the bundle.
        public_key: minisign key that it must be signed with; empty: no signature is needed or checked.

    Raises:
        BundleError: the bundle is not whole, or not signed with that key.
        ConfigError: the package for signatures is missing, or the key is malformed.
    """
    return read_bundle(path, partial(signature.verify, path, public_key) if public_key else None)


class BundleStore:
    """The installed bundles of this device.

    Commands change it (``install``, ``use``, ``rollback``); the service starts the bundle in use (``start``)
    and reports the outcome through a ``BundleTrial``. Both may do so at the same time.
    """

    def __init__(self, folder: Path | None = None, public_key: str = "") -> None:
        """
        Args:
            folder: folder of the store; None: ``bundles`` in ``$STATE_DIRECTORY`` or the user's data
                directory.
            public_key: minisign key that installed bundles must be signed with; empty: none is needed.
        """
        self.folder = folder or _default_folder()
        self._public_key = public_key
        self._state_file = StateFile(self.folder)

    @property
    def state(self) -> State:
        """The bundle in use and the one before it."""
        return self._state_file.state

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
            BundleError: there is no bundle of that name, it is not whole, or its signature is missing or
                wrong.
            ConfigError: see ``read_signed``.
        """
        if name in shipped():
            return read_bundle(SHIPPED / name)
        if name in self.names():
            return read_signed(self.folder / name, self._public_key)
        if name in FORMER_NAMES:
            present_name = FORMER_NAMES[name]
            log.warning(
                "the bundle %s is now called %s; the one for a camera is everyday", name, present_name
            )
            return self.read(present_name)
        raise BundleError(
            f"no bundle {name!r}: shipped are {', '.join(shipped()) or 'none'}, installed "
            f"{', '.join(self.names()) or 'none'}; write a path (with a /) for a bundle of your own"
        )

    def install(self, source: str, name: str | None = None) -> str:
        """Verify a bundle, run its network in a process of its own, and keep it; which one is in use stays.

        Args:
            source: a folder, a tar file, or ``-`` for a tar archive on the standard input.
            name: its name in the store; None: the bundle's own name.

        Returns:
            Its name in the store.

        Raises:
            BundleError: the bundle is not whole, not signed, does not work on this device, crashes the
                runtime, or the name cannot be used. Nothing has changed then.
            ConfigError: see ``read_signed``.
            OSError: the folder cannot be written, or the disk is full. Nothing has changed then.
        """
        from edge.bundles.install import install  # half a megabyte that the loop never needs

        return install(self, source, name, self._public_key)

    def use(self, name: str) -> None:
        """Make this the bundle that the next start or reload of the service runs.

        Raises:
            BundleError, ConfigError: see ``read``.
            OSError: the folder cannot be written.
        """
        self.read(name)
        self._state_file.change(lambda state: state.select(name))

    def rollback(self) -> str | None:
        """Make the previous bundle the one that the next start or reload of the service runs.

        Returns:
            Its name; None: the default of the settings.

        Raises:
            BundleError: the default is in use already.
            OSError: the folder cannot be written.
        """
        if self.state.current is None:
            raise BundleError("nothing to roll back: the default of the settings is in use")
        return self._state_file.change(self._rolled_back).current

    def start(self) -> BundleTrial:
        """Count a start of the bundle in use, and return its trial.

        A new bundle has ``MAX_STARTS`` starts to prove itself; then it is rolled back to the previous one.
        """
        state = self.state
        name, starts = state.current, state.unproven_starts
        if name is not None and not self._exists(name):
            self.roll_back_from(name, "it does not exist any more")
        elif name is not None and starts is not None and starts >= MAX_STARTS:
            self.roll_back_from(name, f"{starts} starts without a frame")
        elif name is not None and starts is not None:
            self._state_file.change_or_remember(State.count_starts)
        state = self.state
        return BundleTrial(self, state.current, pending=state.unproven_starts is not None)

    def identity(self, name: str) -> bytes | None:
        """A hash that differs between two installed bundles of the same name. For ``BundleTrial``.

        Returns:
            The hash; None where no readable bundle is installed under that name.
        """
        with suppress(OSError):
            return hashlib.sha256((self.folder / name / JSON_FILE).read_bytes()).digest()
        return None

    def mark_proven(self, name: str) -> None:
        """Stop counting a bundle's starts, since it works. For ``BundleTrial``."""
        self._change_if_current(name, lambda state: replace(state, unproven_starts=None))

    def uncount_start(self, name: str) -> None:
        """Take back a start of a bundle. For ``BundleTrial``."""
        self._change_if_current(name, lambda state: state.count_starts(-1))

    def roll_back_from(self, name: str, reason: str) -> None:
        """Roll back to the previous bundle if this one is in use; ``reason`` is for the log."""
        if self.state.current != name:
            return
        self._change_if_current(name, self._rolled_back)
        log.warning("bundle %s is rolled back to %s: %s", name, self.state.current or "the default", reason)

    def _change_if_current(self, name: str, change: Callable[[State], State]) -> None:
        self._state_file.change_or_remember(lambda state: change(state) if state.current == name else state)

    def _exists(self, name: str) -> bool:
        return name in shipped() or name in self.names()

    def _rolled_back(self, state: State) -> State:
        """The state with the previous bundle in use, or the default where that does not exist any more."""
        previous = state.previous
        return State(previous if previous is not None and self._exists(previous) else None)


def _default_folder() -> Path:
    try:
        return assets.data_directory() / "bundles"
    except ModelError:
        return Path("/nonexistent/bundles")  # Debian's home of users without one
