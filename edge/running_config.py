"""What the settings and the bundle in use make, at the start and beside a running loop; and the way back.

An error that ends in order is either a BundleError, and the bundle is rolled back at once, or it is no
evidence against the bundle. Only what ends the program otherwise counts as a start that failed.
"""

import errno
import json
import logging
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from edge.build import build_pipeline, build_source, with_bundle
from edge.bundles.store import BundleStore
from edge.bundles.trial import BundleTrial
from edge.core.address import shown
from edge.core.errors import BundleError, ConfigError, MienError
from edge.core.types import FrameSource
from edge.pipeline import Pipeline
from edge.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunningConfig:
    """Settings, and what they and the bundle in use make."""

    settings: Settings
    trial: BundleTrial
    """Of the bundle in use; without a name where the settings name one, or the default runs."""
    pipeline: Pipeline

    def discard(self, running: Pipeline) -> None:
        """It does not come to run, and its bundle is not to blame.

        Args:
            running: whose backend it may share, which then stays open.
        """
        self.trial.withdraw()
        if self.pipeline.backend is not running.backend:
            self.pipeline.close()


def first_config(load: Callable[[], Settings]) -> RunningConfig:
    """At the start, a bundle that was rolled back is no reason to end: the one before it runs.

    Raises:
        MienError, OSError: settings, face models, or the last bundle that is left cannot be used.
    """
    settings = load()
    store = _store(settings)
    while True:
        before = store.state.current
        try:
            return _config(settings, store)
        except BundleError:
            if settings.expression.bundle or store.state.current == before:
                raise


def next_config(
    settings: Settings,
    running: Pipeline | None = None,
    on_start: Callable[[BundleTrial], None] = lambda _trial: None,
) -> RunningConfig:
    """Build what other settings make.

    Args:
        running: see ``build_pipeline``.
        on_start: gets the trial of the bundle before anything is built: whoever does not wait for the end
            can withdraw it.

    Raises:
        MienError, OSError: it cannot be built. A bundle of the store that cannot be run is rolled back.
    """
    return _config(settings, _store(settings), running, on_start)


def _config(
    settings: Settings,
    store: BundleStore,
    running: Pipeline | None = None,
    on_start: Callable[[BundleTrial], None] = lambda _trial: None,
) -> RunningConfig:
    trial = BundleTrial(store, None, pending=False) if settings.expression.bundle else store.start()
    on_start(trial)
    settings = with_bundle(settings, trial.name)
    log.info("settings %s", json.dumps(printable(settings)))
    try:
        return RunningConfig(settings, trial, build_pipeline(settings, running))
    except BundleError as error:
        trial.fail(str(error))
        raise
    except (MienError, OSError):
        trial.withdraw()
        raise


def _store(settings: Settings) -> BundleStore:
    return BundleStore(public_key=settings.expression.public_key)


def printable(settings: Settings) -> dict[str, Any]:
    """The settings, resolved; of an address only the scheme, wherever it stands."""
    expression = {**asdict(settings.expression), "bundle": settings.bundle}
    shown_settings: dict[str, Any] = _shown({**asdict(settings), "expression": expression})
    return shown_settings


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shown(entry) for key, entry in value.items()}
    return shown(value) if isinstance(value, str) else value


def open_allowed_source(settings: Settings, frames: int | None = None) -> FrameSource:
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
