"""A run that nobody watches: signals, systemd, sleep, and settings or bundles that change meanwhile."""

import faulthandler
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from types import FrameType

from edge import loop
from edge.build import build_sinks
from edge.chosen import Chosen, Reload, choose_first, open_source
from edge.core.errors import FerError
from edge.core.memory import give_back
from edge.core.types import Frame, FrameSource, Prediction, Sink
from edge.notify import Heartbeat, notify, under_systemd
from edge.settings import Settings
from edge.sleep import Sleep
from edge.sources.live import LiveSource

log = logging.getLogger(__name__)

_PATIENCE_S = 5.0
"""For a reload that is on its way when the program ends."""


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
        self._reload: Reload | None = None
        self._sinks: list[Sink] = []
        self._frames_since = 0

    def run(self) -> loop.Summary:
        """Until the source ends or somebody says stop.

        Raises:
            FerError: settings, bundle, face models or source cannot be used.
            OSError: from the sinks, or a file of the bundle or the face models.
        """
        # The watchdog's SIGABRT then says where each thread hung.
        faulthandler.enable(sys.__stderr__ or 2)
        with ExitStack() as closing:
            self._take_over(choose_first(self._load))
            closing.callback(lambda: self._pipeline.close())
            closing.callback(self._leave_reload)
            try:
                summary = self._run(closing)
            except (FerError, OSError):  # the source's or a sink's: the bundle's golden faces have run
                self._store.proven(self._bundle)
                raise
            self._store.proven(self._bundle)
        return summary

    def _run(self, closing: ExitStack) -> loop.Summary:
        """With the pipeline that is there: source and sinks, from one source to the next."""
        self._source = self._read = open_source(self._settings, self._frames)
        closing.callback(lambda: self._source.close())
        self._sinks = build_sinks(self._settings.output)
        closing.callback(lambda: _close(self._sinks))
        self._handle_signals()
        give_back()
        notify("READY=1")
        summary = self._run_source()
        while self._source is not self._read and not self._stop.is_set():
            log.info("source changed; until then:")
            for line in str(summary).splitlines():
                log.info("%s", line)
            summary = self._run_source()
        notify("STOPPING=1")
        return summary

    def _take_over(self, chosen: Chosen) -> None:
        self._settings, self._store, self._bundle, self._pipeline = (
            chosen.settings,
            chosen.store,
            chosen.bundle,
            chosen.pipeline,
        )

    def _run_source(self) -> loop.Summary:
        self._read = self._source  # a reload may put another one in the place of what is read
        self._faces = "no frame yet"
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
        prediction = self._pipeline.process(frame)
        self._store.proven(self._bundle)  # whatever the sinks make of it
        return prediction

    def _after_frame(self, prediction: Prediction) -> None:
        self._frames_since += 1
        self._faces = ", ".join(face.label for face in prediction.faces) or "no face"
        if isinstance(self._source, LiveSource) and self._sleep.see(bool(prediction.faces), time.monotonic()):
            self._source.interval_s = self._sleep.interval_s
            log.info("asleep: nobody there" if self._sleep.asleep else "awake: a face")
        self._tick()

    def _tick(self) -> None:
        """After each frame, and twice a second while there is none.

        A bundle that waits for a camera counts as proven: its golden faces have run, and a watchdog that
        ends the program because of the camera must not count against it.
        """
        self._heartbeat.beat()
        self._store.proven(self._bundle)
        if self._reload is not None and not self._reload.is_alive():
            self._take(self._reload)
            self._reload = None
            give_back()
        elif self._reload_wanted and self._reload is None:
            self._reload_wanted = False
            notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
            self._reload = Reload(self._load, self._settings, self._pipeline)
            self._reload.start()

    def _take(self, built: Reload) -> None:
        """Change over to what a reload has built, or say why not."""
        try:
            chosen, source = built.result()
            sinks = self._sinks_of(chosen)
        except (FerError, OSError) as error:
            log.error("reload refused, everything stays as it was: %s", error)
        except Exception:  # a bug in what is new must not end what runs
            log.exception("reload refused, everything stays as it was")
        else:
            self._change_over(chosen, source, sinks)
        notify("READY=1")

    def _leave_reload(self) -> None:
        """What is still being built at the end does not come to run."""
        if self._reload is not None:
            self._reload.join(_PATIENCE_S)
            with suppress(Exception):  # as it ended, or has not
                self._reload.result()[0].drop(self._pipeline)

    def _sinks_of(self, chosen: Chosen) -> list[Sink]:
        try:
            return build_sinks(chosen.settings.output)
        except (FerError, OSError):
            chosen.drop(self._pipeline)
            raise

    def _change_over(self, chosen: Chosen, source: FrameSource | None, sinks: list[Sink]) -> None:
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

    def _status(self, seconds: float) -> str:
        rate, self._frames_since = self._frames_since / seconds, 0
        stats = self._source.stats
        lost = isinstance(self._source, LiveSource) and self._source.lost
        faces = "no camera" if lost else self._faces
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


def _close(sinks: list[Sink]) -> None:
    for sink in sinks:
        sink.close()
