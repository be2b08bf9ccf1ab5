"""A new bundle must prove itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.bundles.store import BundleStore


class BundleTrial:
    """One start of the bundle in use, and how it went. ``BundleStore.start`` makes it.

    A bundle that has proved itself before has nothing to lose but what ``fail`` says.
    """

    def __init__(self, store: BundleStore, name: str | None, pending: bool) -> None:
        """
        Args:
            store: where the bundle is.
            name: of the bundle; None: the default of the settings, which is on no trial.
            pending: whether this start was counted against it.
        """
        self.name = name
        self._store = store
        self._pending = pending
        self._identity = None if name is None else store.identity(name)

    def prove(self) -> None:
        """The bundle works: after its first frame, or when the service waits for a camera or the run ends in
        order; its golden faces have run by then. Cheap when called again."""
        if self._pending:
            self._pending = False
            if self.name is not None and self._is_still_there(self.name):
                self._store.mark_proven(self.name)

    def withdraw(self) -> None:
        """Something else failed before the bundle could run: its start does not count."""
        if self._pending:
            self._pending = False
            if self.name is not None and self._is_still_there(self.name):
                self._store.uncount_start(self.name)

    def fail(self, reason: str) -> None:
        """The bundle cannot be run: the one before it is in use from now on. ``reason`` is for the log."""
        self._pending = False
        if self.name is not None and self._is_still_there(self.name):
            self._store.roll_back_from(self.name, reason)

    def _is_still_there(self, name: str) -> bool:
        """Another bundle may have taken its place and its name; that one is on a trial of its own."""
        return self._store.identity(name) == self._identity
