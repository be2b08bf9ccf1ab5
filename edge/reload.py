"""A reload: new settings or another bundle, built in a thread beside the running loop."""

import threading
from collections.abc import Callable

from edge.bundles.trial import BundleTrial
from edge.core.protocols import FrameSource
from edge.running_config import RunningConfig, next_config, open_allowed_source
from edge.settings import Settings


class Reload(threading.Thread):
    """Builds the parts that new settings change.

    ``result`` returns them once the thread has ended; ``discard`` gives them up at any time.
    """

    def __init__(self, load: Callable[[], Settings], running: RunningConfig) -> None:
        """
        Args:
            load: reads the new settings.
            running: the running configuration, whose unchanged parts are taken over.
        """
        super().__init__(name="reload", daemon=True)
        self._load = load
        self._running = running
        self._parts: tuple[RunningConfig, FrameSource | None] | None = None
        self._error: Exception | None = None
        self._lock = threading.Lock()  # orders ``discard`` and the bundle's start
        self._trial: BundleTrial | None = None
        self._discarded = False

    def run(self) -> None:
        try:
            self._parts = self._build()
        except Exception as error:  # raised again by ``result``, in the thread that handles it
            self._error = error

    def result(self) -> tuple[RunningConfig, FrameSource | None]:
        """The new configuration, and the new source, or None where the source has not changed.

        Raises:
            Exception: the error that ended the thread.
        """
        if self._parts is None:
            raise self._error or RuntimeError("not built yet")
        return self._parts

    def discard(self) -> None:
        """Give up the new configuration, finished or not, without blaming its bundle."""
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
        running, settings = self._running.settings, self._load()
        same_source = (settings.source, settings.camera) == (running.source, running.camera)
        source = None if same_source else open_allowed_source(settings)
        shared = self._running.pipeline if settings.landmarks == running.landmarks else None
        try:
            return next_config(settings, shared, self._keep_trial), source
        except BaseException:
            if source is not None:
                source.close()
            raise
