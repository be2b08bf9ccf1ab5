"""The trial of a new bundle, which must prove that it works before it stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.bundles.store import BundleStore


class BundleTrial:
    """One start of the bundle in use, and its outcome. ``BundleStore.start`` makes it.

    Only ``fail`` matters to a bundle that has proved itself before.
    """

    def __init__(self, store: BundleStore, name: str | None, pending: bool) -> None:
        """
        Args:
            name: the bundle; None: the default of the settings, which needs no trial.
            pending: whether this start was counted against it.
        """
        self.name = name
        self._store = store
        self._pending = pending
        self._identity = None if name is None else store.identity(name)

    def prove(self) -> None:
        """Record that the bundle works: after its first frame, or when the service waits for a camera or the
        run ends in order, since its golden faces have run by then. Cheap when called again."""
        if self._pending:
            self._pending = False
            if self.name is not None and self._is_same(self.name):
                self._store.mark_proven(self.name)

    def withdraw(self) -> None:
        """Take the start back, since something else failed before the bundle could run."""
        if self._pending:
            self._pending = False
            if self.name is not None and self._is_same(self.name):
                self._store.uncount_start(self.name)

    def fail(self, reason: str) -> None:
        """Roll back to the bundle before this one, which cannot be run. ``reason`` is for the log."""
        self._pending = False
        if self.name is not None and self._is_same(self.name):
            self._store.roll_back_from(self.name, reason)

    def _is_same(self, name: str) -> bool:
        """Whether the bundle of that name is still this one; another one has a trial of its own."""
        return self._store.identity(name) == self._identity
