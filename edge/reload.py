"""New settings or another bundle, built beside the running loop."""

import threading
from collections.abc import Callable

from edge.core.types import FrameSource
from edge.running_config import RunningConfig, next_config, open_source
from edge.settings import Settings


class Reload(threading.Thread):
    """Builds what new settings change; ``result`` gives it once the thread has ended."""

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

    def _build(self) -> tuple[RunningConfig, FrameSource | None]:
        before, settings = self._running.settings, self._load()
        same_source = (settings.source, settings.camera) == (before.source, before.camera)
        source = None if same_source else open_source(settings)
        same_backend = settings.landmarks == before.landmarks
        return next_config(settings, self._running.pipeline if same_backend else None), source
