"""What the settings and the bundle in use make, at the start and beside a running loop; and the way back.

An error that ends in order is either a BundleError, and the bundle is taken back at once, or it is no
evidence against the bundle. Only what ends the program otherwise counts as a start that failed.
"""

import errno
import json
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from edge.build import build_pipeline, build_source, with_bundle
from edge.core.address import shown
from edge.core.errors import BundleError, ConfigError, FerError
from edge.core.types import FrameSource
from edge.pipeline import Pipeline
from edge.settings import Settings
from edge.store import BundleStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Settings, and what they and the bundle in use make."""

    settings: Settings
    store: BundleStore
    bundle: str | None
    """As ``BundleStore.start`` gave it; None: the settings name it, or say nothing and the default runs."""
    pipeline: Pipeline

    def drop(self, running: Pipeline) -> None:
        """It does not come to run, and its bundle is not to blame.

        Args:
            running: whose backend it may share, which then stays open.
        """
        self.store.not_tried(self.bundle)
        if self.pipeline.backend is not running.backend:
            self.pipeline.close()


def choose(settings: Settings, store: BundleStore, running: Pipeline | None = None) -> Chosen:
    """Build the pipeline with the bundle in use; one that cannot be run is taken back.

    Args:
        running: see ``build_pipeline``.

    Raises:
        FerError, OSError: it cannot be built.
    """
    name = None if settings.expression.bundle else store.start()
    settings = with_bundle(settings, name)
    log.info("settings %s", json.dumps(printable(settings)))
    try:
        return Chosen(settings, store, name, build_pipeline(settings, running))
    except BundleError as error:
        store.failed(name, str(error))
        raise
    except (FerError, OSError):
        store.not_tried(name)
        raise


def choose_first(load: Callable[[], Settings]) -> Chosen:
    """At the start, a bundle that was taken back is no reason to end: the one before it runs.

    Raises:
        FerError, OSError: settings, face models, or the last bundle that is left cannot be used.
    """
    settings = load()
    store = _store(settings)
    while True:
        before = store.state.current
        try:
            return choose(settings, store)
        except BundleError:
            if settings.expression.bundle or store.state.current == before:
                raise


def _store(settings: Settings) -> BundleStore:
    return BundleStore(public_key=settings.expression.public_key)


class Reload(threading.Thread):
    """Builds the parts of a reload beside the running loop."""

    def __init__(self, load: Callable[[], Settings], settings: Settings, pipeline: Pipeline) -> None:
        super().__init__(name="reload", daemon=True)
        self._load = load
        self._settings = settings
        self._pipeline = pipeline
        self._parts: tuple[Chosen, FrameSource | None] | None = None
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._parts = self._build()
        except Exception as error:  # raised again by ``result``, in the thread that can act on it
            self._error = error

    def result(self) -> tuple[Chosen, FrameSource | None]:
        """What was built; the source only where it changed.

        Raises:
            Exception: whatever the building ended with.
        """
        if self._parts is None:
            raise self._error or RuntimeError("not built yet")
        return self._parts

    def _build(self) -> tuple[Chosen, FrameSource | None]:
        before, settings = self._settings, self._load()
        same_source = (settings.source, settings.camera) == (before.source, before.camera)
        source = None if same_source else open_source(settings)
        same_backend = settings.landmarks == before.landmarks
        return choose(settings, _store(settings), self._pipeline if same_backend else None), source


def printable(settings: Settings) -> dict[str, Any]:
    """The settings, resolved, the source as it may be shown."""
    expression = {**asdict(settings.expression), "bundle": settings.bundle}
    return {**asdict(settings), "source": shown(settings.source), "expression": expression}


def open_source(settings: Settings, frames: int | None = None) -> FrameSource:
    """``build_source``, where the service's sandbox allows it.

    Raises:
        ConfigError: the source is on the network, which the sandbox is cut off from.
        SourceError, ModelError: see ``build_source``.
    """
    if settings.needs_network and not _network_allowed():
        raise ConfigError(
            f"source {shown(settings.source)} is on the network, which this service is cut off from: "
            "run systemd/install.sh again, it opens the way for such a source"
        )
    return build_source(settings, frames)


def _network_allowed() -> bool:
    """Whether the service's sandbox lets it have sockets that leave the machine."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
    except OSError as error:
        return error.errno != errno.EAFNOSUPPORT
    return True
