"""The running configuration: settings, bundle in use and pipeline. A bundle that fails is rolled back.

A BundleError rolls the bundle back at once. Any other MienError or OSError is no evidence against the bundle.
Only a program that ends in any other way counts as a failed start.
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
from edge.core.protocols import FrameSource
from edge.pipeline import Pipeline
from edge.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunningConfig:
    """The settings, the trial of the bundle in use, and the pipeline built from both."""

    settings: Settings
    trial: BundleTrial
    """Trial of the bundle in use; without a name where the settings name a bundle, or the default runs."""
    pipeline: Pipeline

    def discard(self, running: Pipeline) -> None:
        """Give up this configuration, without blaming its bundle.

        Args:
            running: the running pipeline; a backend that it shares stays open.
        """
        self.trial.withdraw()
        if self.pipeline.backend is not running.backend:
            self.pipeline.close()


def first_config(load: Callable[[], Settings]) -> RunningConfig:
    """The configuration at the start of the program; where the bundle is rolled back, with the one before it.

    Raises:
        MienError, OSError: settings, face models, or the last bundle to roll back to cannot be used.
    """
    settings = load()
    store = _store(settings)
    while True:
        tried = store.state.current
        try:
            return _config(settings, store)
        except BundleError:
            if settings.expression.bundle or store.state.current == tried:
                raise


def next_config(
    settings: Settings,
    running: Pipeline | None = None,
    on_start: Callable[[BundleTrial], None] = lambda _trial: None,
) -> RunningConfig:
    """The configuration after a reload.

    Args:
        settings: the new settings.
        running: see ``build_pipeline``.
        on_start: called with the trial of the bundle before anything is built, so that a caller who does not
            wait for the result can withdraw it.

    Raises:
        MienError, OSError: the configuration cannot be built. A bundle of the store that cannot be run is
            rolled back.
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
    """The settings with the resolved bundle, and of each address in them only the scheme."""
    expression = {**asdict(settings.expression), "bundle": settings.bundle}
    shown_settings: dict[str, Any] = _shown({**asdict(settings), "expression": expression})
    return shown_settings


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shown(entry) for key, entry in value.items()}
    return shown(value) if isinstance(value, str) else value


def open_allowed_source(settings: Settings, frames: int | None = None) -> FrameSource:
    """Open the source that the settings name, if the service's sandbox allows it; see ``build_source``.

    Raises:
        ConfigError: the source is on the network, and the sandbox has none.
        SourceError, ModelError: see ``build_source``.
    """
    if settings.needs_network and not _network_allowed():
        raise ConfigError(
            f"source {shown(settings.source)} is on the network, but this service has no access to it: "
            "run systemd/install.sh again, which gives access for such a source"
        )
    return build_source(settings, frames)


def _network_allowed() -> bool:
    """Whether the service's sandbox allows sockets to other machines."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
    except OSError as error:
        return error.errno != errno.EAFNOSUPPORT
    return True
