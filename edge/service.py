"""A run that nobody watches: signals, systemd, sleep, and settings or bundles that change meanwhile."""

import errno
import faulthandler
import json
import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from types import FrameType
from typing import Any

from edge import loop
from edge.build import build_pipeline, build_sinks, build_source, with_bundle
from edge.core.errors import BundleError, ConfigError, FerError
from edge.core.types import Frame, FrameSource, Prediction, Sink
from edge.notify import Heartbeat, notify, under_systemd
from edge.pipeline import Pipeline
from edge.settings import Settings
from edge.sleep import Sleep
from edge.sources import source_name
from edge.sources.live import LiveSource
from edge.store import BundleStore

log = logging.getLogger(__name__)


class Service:
    """The loop and what surrounds it.

    SIGTERM and Ctrl-C end it in order. Under systemd, SIGHUP reads settings and bundle again: a thread
    builds what is new while the loop goes on, and one frame is the last of the old network and the next
    the first of the new one. What cannot be built is a line in the log, and everything stays as it was.
    """

    def __init__(self, load: Callable[[], Settings], frames: int | None = None) -> None:
        """
        Args:
            load: reads the settings, now and at each reload.
            frames: where to stop; None: at the end of the source.
        """
        self._load = load
        self._frames = frames
        self._stop = threading.Event()
        self._heartbeat = Heartbeat(self._status)
        self._reload_wanted = False
        self._next: _Next | None = None
        self._sinks: list[Sink] = []
        self._frames_since = 0
        self._faces = "no frame yet"

    def run(self) -> loop.Summary:
        """Until the source ends or somebody says stop.

        Raises:
            FerError: settings, bundle, face models or source cannot be used.
            OSError: from the sinks.
        """
        # The watchdog's SIGABRT then says where each thread hung.
        faulthandler.enable(sys.__stderr__ or 2)
        with ExitStack() as closing:
            self._take_over(_first(self._load))
            closing.callback(lambda: self._pipeline.close())
            self._source = self._read = _open(self._settings, self._frames)
            closing.callback(lambda: self._source.close())
            self._sinks = build_sinks(self._settings.output)
            closing.callback(lambda: _close(self._sinks))
            self._handle_signals()
            notify("READY=1")
            summary = self._run_source()
            while self._source is not self._read and not self._stop.is_set():
                log.info("source changed; until then %s", summary)
                summary = self._run_source()
            notify("STOPPING=1")
            self._store.proven(self._bundle)
        return summary

    def _take_over(self, chosen: "_Chosen") -> None:
        self._settings, self._store, self._bundle, self._pipeline = (
            chosen.settings,
            chosen.store,
            chosen.bundle,
            chosen.pipeline,
        )

    def _run_source(self) -> loop.Summary:
        self._read = self._source  # a reload may put another one in the place of what is read
        self._rouse()
        if isinstance(self._source, LiveSource):
            self._source.on_wait = self._tick
        return loop.run(
            self._source,
            self._process,
            self._sinks,
            time.monotonic,
            self._stop,
            self._frames,
            self._after_frame,
        )

    def _rouse(self) -> None:
        """Wide awake, by the sleep settings of now."""
        self._sleep = Sleep(self._settings.sleep, time.monotonic())
        if isinstance(self._source, LiveSource):
            self._source.interval_s = 0.0

    def _process(self, frame: Frame) -> Prediction:
        return self._pipeline.process(frame)

    def _after_frame(self, prediction: Prediction) -> None:
        self._frames_since += 1
        self._faces = ", ".join(face.label for face in prediction.faces) or "no face"
        if isinstance(self._source, LiveSource) and self._sleep.see(bool(prediction.faces), time.monotonic()):
            self._source.interval_s = self._sleep.interval_s
            log.info("asleep: nobody there" if self._sleep.asleep else "awake: a face")
        self._tick()

    def _tick(self) -> None:
        """After each frame, and twice a second while there is none."""
        self._heartbeat.beat()
        self._store.proven(self._bundle)
        if self._next is not None and not self._next.is_alive():
            self._take(self._next)
            self._next = None
        elif self._reload_wanted and self._next is None:
            self._reload_wanted = False
            notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
            self._next = _Next(self._load, self._settings, self._pipeline)
            self._next.start()

    def _take(self, built: "_Next") -> None:
        """Change over to what a reload has built, or say why not."""
        try:
            chosen, source = built.result()
            sinks = build_sinks(chosen.settings.output)
        except (FerError, OSError) as error:
            log.error("reload refused, everything stays as it was: %s", error)
        else:
            _close(self._sinks)
            self._sinks[:] = sinks
            if chosen.pipeline.backend is not self._pipeline.backend:
                self._pipeline.close()
            log.info("reloaded")
            self._take_over(chosen)
            if source is not None:
                self._source.close()
                self._source = source
            self._rouse()
        notify("READY=1")

    def _status(self, seconds: float) -> str:
        rate, self._frames_since = self._frames_since / seconds, 0
        stats = self._source.stats
        faces = self._faces if rate else "no camera"
        asleep = ", asleep" if self._sleep.asleep else ""
        return (
            f"{rate:.1f} fps, {faces}{asleep}; dropped {stats.dropped}, skipped {stats.skipped}, "
            f"reopened {stats.reopened}"
        )

    def _handle_signals(self) -> None:
        """The first SIGTERM or Ctrl-C ends the run in order, a second one at once."""

        def end(_number: int, _frame: FrameType | None) -> None:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            self._stop.set()
            self._source.close()
            self._read.close()

        def reload(_number: int, _frame: FrameType | None) -> None:
            self._reload_wanted = True

        signal.signal(signal.SIGINT, end)
        signal.signal(signal.SIGTERM, end)
        if under_systemd():  # elsewhere SIGHUP means that the terminal is gone
            signal.signal(signal.SIGHUP, reload)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Settings, and what they and the bundle in use make."""

    settings: Settings
    store: BundleStore
    bundle: str | None
    """As ``BundleStore.start`` gave it; None: the settings name it, or say nothing and the default runs."""
    pipeline: Pipeline


def _choose(settings: Settings, store: BundleStore, running: Pipeline | None = None) -> _Chosen:
    """Build the pipeline with the bundle in use; one that cannot be run is taken back.

    Raises:
        FerError: it cannot be built.
    """
    name = None if settings.expression.bundle else store.start()
    settings = with_bundle(settings, name)
    log.info("settings %s", json.dumps(printable(settings)))
    try:
        return _Chosen(settings, store, name, build_pipeline(settings, running))
    except BundleError as error:
        store.failed(name, str(error))
        raise


def _first(load: Callable[[], Settings]) -> _Chosen:
    """At the start, a bundle that was taken back is no reason to end: the one before it runs."""
    settings = load()
    store = _store(settings)
    while True:
        before = store.state.current
        try:
            return _choose(settings, store)
        except BundleError:
            if settings.expression.bundle or store.state.current == before:
                raise


def _store(settings: Settings) -> BundleStore:
    return BundleStore(public_key=settings.expression.public_key)


class _Next(threading.Thread):
    """Builds the parts of a reload beside the running loop."""

    def __init__(self, load: Callable[[], Settings], settings: Settings, pipeline: Pipeline) -> None:
        super().__init__(name="reload", daemon=True)
        self._load = load
        self._settings = settings
        self._pipeline = pipeline
        self._parts: tuple[_Chosen, FrameSource | None] | None = None
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._parts = self._build()
        except Exception as error:  # raised again by ``result``, in the thread that can act on it
            self._error = error

    def result(self) -> tuple[_Chosen, FrameSource | None]:
        """What was built; the source only where it changed.

        Raises:
            Exception: whatever the building ended with.
        """
        if self._parts is None:
            raise self._error or RuntimeError("not built yet")
        return self._parts

    def _build(self) -> tuple[_Chosen, FrameSource | None]:
        before, settings = self._settings, self._load()
        same_source = (settings.source, settings.camera) == (before.source, before.camera)
        source = None if same_source else _open(settings)
        same_backend = settings.landmarks == before.landmarks
        return _choose(settings, _store(settings), self._pipeline if same_backend else None), source


def printable(settings: Settings) -> dict[str, Any]:
    """The settings, resolved, without the password that a stream's address may carry."""
    expression = {**asdict(settings.expression), "bundle": settings.bundle}
    return {**asdict(settings), "source": source_name(settings.source), "expression": expression}


def _open(settings: Settings, frames: int | None = None) -> FrameSource:
    if settings.needs_network and not _network_allowed():
        raise ConfigError(
            f"source {source_name(settings.source)} is on the network, which this service is cut off from: "
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


def _close(sinks: list[Sink]) -> None:
    for sink in sinks:
        sink.close()
