"""The bundles that the page lets choose from."""

from __future__ import annotations

from edge.build import load_bundle, with_bundle
from edge.bundles.store import BundleStore, shipped
from edge.core.errors import MienError
from edge.settings import load_settings


class Bundles:
    """Shipped and installed bundles, and the one that the page begins with."""

    def __init__(self, chosen: str = "") -> None:
        """Read the bundles; an installed one that cannot be used is left out.

        Args:
            chosen: name of the bundle to begin with, or its path with a ``/`` in it; empty: the one that
                ``mien models use`` chose, or the default of the settings.

        Raises:
            BundleError: there is no such bundle, or it is not whole.
        """
        store = BundleStore()
        settings = with_bundle(load_settings(None, {}), chosen or store.state.current)
        self.default = settings.bundle
        """Name or path of the bundle that the page begins with."""
        self.labels = {self.default: load_bundle(self.default).labels}
        """Name of each bundle, or path of the default one → its labels."""
        for name in (*shipped(), *store.names()):
            try:
                self.labels.setdefault(name, load_bundle(name).labels)
            except MienError:
                continue
