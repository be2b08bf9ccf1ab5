"""The trial of a new bundle, which must prove that it works before it stays."""

from __future__ import annotations

from collections.abc import Callable
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
            self._report(self._store.mark_proven)

    def withdraw(self) -> None:
        """Take the start back, since something else failed before the bundle could run."""
        if self._pending:
            self._report(self._store.uncount_start)

    def fail(self, reason: str) -> None:
        """Roll back to the bundle before this one, which cannot be run. ``reason`` is for the log."""
        self._report(lambda name: self._store.roll_back_from(name, reason))

    def _report(self, outcome: Callable[[str], None]) -> None:
        """Tell the store, unless another bundle, with a trial of its own, has got the name since."""
        self._pending = False
        if self.name is not None and self._store.identity(self.name) == self._identity:
            outcome(self.name)
