"""New settings or another bundle, built beside the running loop."""

import threading
from collections.abc import Callable

from edge.bundles.trial import BundleTrial
from edge.core.types import FrameSource
from edge.running_config import RunningConfig, next_config, open_allowed_source
from edge.settings import Settings


class Reload(threading.Thread):
    """Builds what new settings change; ``result`` gives it once the thread has ended, ``discard`` refuses it
    at any time."""

    def __init__(self, load: Callable[[], Settings], running: RunningConfig) -> None:
        """
        Args:
            load: reads the new settings.
            running: what they are compared with.
        """
        super().__init__(name="reload", daemon=True)
        self._load = load
        self._running = running
        self._parts: tuple[RunningConfig, FrameSource | None] | None = None
        self._error: Exception | None = None
        self._lock = threading.Lock()  # between ``discard`` and the bundle's start
        self._trial: BundleTrial | None = None
        self._discarded = False

    def run(self) -> None:
        try:
            self._parts = self._build()
        except Exception as error:  # raised again by ``result``, in the thread that can act on it
            self._error = error

    def result(self) -> tuple[RunningConfig, FrameSource | None]:
        """What was built; the source only where it changed.

        Raises:
            Exception: whatever the building ended with.
        """
        if self._parts is None:
            raise self._error or RuntimeError("not built yet")
        return self._parts

    def discard(self) -> None:
        """What is built, is still being built or could not be built does not come to run, and its bundle is
        not to blame."""
        with self._lock:
            self._discarded = True
            if self._trial is not None:
                self._trial.withdraw()
        if self._parts is not None:
            config, source = self._parts
            if source is not None:
                source.close()
            config.discard(self._running.pipeline)

    def _keep_trial(self, trial: BundleTrial) -> None:
        with self._lock:
            self._trial = trial
            if self._discarded:
                trial.withdraw()

    def _build(self) -> tuple[RunningConfig, FrameSource | None]:
        before, settings = self._running.settings, self._load()
        same_source = (settings.source, settings.camera) == (before.source, before.camera)
        source = None if same_source else open_allowed_source(settings)
        shared = self._running.pipeline if settings.landmarks == before.landmarks else None
        try:
            return next_config(settings, shared, self._keep_trial), source
        except BaseException:
            if source is not None:
                source.close()
            raise
