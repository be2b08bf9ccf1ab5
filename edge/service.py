"""A run that nobody watches: signals, systemd, idle times, and settings or bundles that change meanwhile."""

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
from edge.build import SINK_KINDS
from edge.core.errors import MienError
from edge.core.memory import give_back
from edge.core.temperature import cpu_temperature_c
from edge.core.types import Frame, FrameSource, Prediction, Status
from edge.idle import Sleep
from edge.landmarks.litert import LitertBackend
from edge.reload import Reload
from edge.running_config import RunningConfig, first_config, open_allowed_source
from edge.settings import Settings
from edge.sinks.outputs import Outputs
from edge.sources.live import LiveSource
from edge.systemd import Heartbeat, notify, under_systemd

log = logging.getLogger(__name__)

_PATIENCE_S = 5.0
"""For a reload that is on its way when the program ends."""


def run(load: Callable[[], Settings], frames: int | None = None) -> loop.Summary:
    """Read the source that the settings name until it ends or somebody says stop.

    Args:
        load: reads the settings, now and at each reload.
        frames: where to stop, counted across the sources that reloads bring; None: at the end of the source.

    Returns:
        What the last source gave; that of those before it is in the log.

    Raises:
        MienError: settings, bundle, face models or source cannot be used.
        OSError: from the sinks, or a file of the bundle or the face models.
    """
    # The watchdog's SIGABRT then says where each thread hung.
    faulthandler.enable(sys.__stderr__ or 2)
    config = first_config(load)
    try:
        source = open_allowed_source(config.settings, frames)
    except (MienError, OSError):
        config.trial.prove()  # the bundle's golden faces have run
        config.pipeline.close()
        raise
    return Service(load, config, source, frames).run()


class Service:
    """The loop and what surrounds it.

    SIGTERM and Ctrl-C end it in order. Under systemd, SIGHUP reads settings and bundle again: a thread
    builds what is new while the loop goes on, and one frame is the last of the old network and the next
    the first of the new one. What cannot be built is a line in the log, and the current configuration is
    kept.
    """

    def __init__(
        self, load: Callable[[], Settings], config: RunningConfig, source: FrameSource, frames: int | None
    ) -> None:
        """
        Args:
            load: reads the settings at a reload.
            config: what runs first; closed by ``run``, as is what comes in its place.
            source: likewise.
            frames: where to stop; None: at the end of the source.
        """
        self._load = load
        self._config = config
        self._source = self._read = source  # a reload may put another one in the place of what is read
        self._frames = frames
        self._outputs = Outputs(SINK_KINDS)
        self._stop = threading.Event()
        self._heartbeat = Heartbeat(self._beat)
        self._reload_wanted = False
        self._reload: Reload | None = None
        self._sleep = Sleep(config.settings.sleep, time.monotonic())
        self._processed = self._reported = 0
        self._faces = "no frame yet"

    def run(self) -> loop.Summary:
        """Until the source ends or somebody says stop; see ``edge.service.run``."""
        with ExitStack() as closing:
            closing.callback(lambda: self._config.pipeline.close())
            closing.callback(self._leave_reload)
            closing.callback(lambda: self._source.close())
            try:
                self._outputs.change(self._config.settings.output, isinstance(self._source, LiveSource))
                closing.callback(self._outputs.close)
                summary = self._run_sources()
            except (MienError, OSError):  # the source's or a sink's: the bundle's golden faces have run
                self._config.trial.prove()
                raise
            self._config.trial.prove()
        return summary

    def _run_sources(self) -> loop.Summary:
        """From one source to the next, with the pipeline and the sinks that are there."""
        self._handle_signals()
        give_back()
        notify("READY=1")
        summary = self._run_source()
        while self._source is not self._read and self._frames != self._processed and not self._stop.is_set():
            log.info("source changed; until then:")
            for line in str(summary).splitlines():
                log.info("%s", line)
            summary = self._run_source()
            log.info("since the source changed:")
        notify("STOPPING=1")
        return summary

    def _run_source(self) -> loop.Summary:
        self._read = self._source
        self._faces = "no frame yet"
        self._wake_up()
        if isinstance(self._source, LiveSource):
            self._source.on_wait = self._tick
        return loop.run(
            self._source,
            self._process,
            self._outputs.write,
            time.monotonic,
            self._stop,
            None if self._frames is None else self._frames - self._processed,
            self._after_frame,
        )

    def _wake_up(self) -> None:
        """Wide awake, by the sleep settings of now."""
        self._sleep = Sleep(self._config.settings.sleep, time.monotonic())
        if isinstance(self._source, LiveSource):
            self._source.interval_s = 0.0

    def _process(self, frame: Frame) -> Prediction:
        prediction = self._config.pipeline.process(frame)
        self._config.trial.prove()  # whatever the sinks make of it
        return prediction

    def _after_frame(self, prediction: Prediction) -> None:
        self._processed += 1
        self._faces = ", ".join(face.label for face in prediction.faces) or "no face"
        has_face, now_s = bool(prediction.faces), prediction.time_ns / 1e9
        if isinstance(self._source, LiveSource) and self._sleep.see(has_face, now_s):
            self._source.interval_s = self._sleep.interval_s
            log.info("asleep: nobody there" if self._sleep.asleep else "awake: a face")
        self._tick()

    def _tick(self) -> None:
        """After each frame, and twice a second while there is none.

        A bundle that waits for a camera counts as proven: its golden faces have run, and a watchdog that
        ends the program because of the camera must not count against it.
        """
        self._heartbeat.beat()
        self._config.trial.prove()
        if self._reload is not None and not self._reload.is_alive():
            try:
                self._take(self._reload)
            finally:
                self._reload = None  # and with it what ran before, for ``give_back``
            give_back()
        elif self._reload_wanted and self._reload is None:
            self._reload_wanted = False
            notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
            self._reload = Reload(self._load, self._config)
            self._reload.start()

    def _take(self, built: Reload) -> None:
        """Change over to what a reload has built, or say why not."""
        try:
            with ExitStack() as refused:
                refused.callback(built.discard)
                config, source = built.result()
                self._outputs.change(config.settings.output, isinstance(source or self._source, LiveSource))
                refused.pop_all()
        except (MienError, OSError) as error:
            log.error("reload refused, keeping the current configuration: %s", error)
        except Exception:  # a bug in what is new must not end what runs
            log.exception("reload refused, keeping the current configuration")
        else:
            self._change_over(config, source)
        notify("READY=1")

    def _leave_reload(self) -> None:
        """What is still being built at the end does not come to run."""
        if self._reload is not None:
            self._reload.join(_PATIENCE_S)
            with suppress(Exception):  # the end goes on
                self._reload.discard()

    def _change_over(self, config: RunningConfig, source: FrameSource | None) -> None:
        if config.pipeline.backend is not self._config.pipeline.backend:
            self._config.pipeline.close()
        log.info("reloaded")
        self._config = config
        if source is not None:
            self._source.close()
            self._source = source
            if isinstance(config.pipeline.backend, LitertBackend):
                config.pipeline.backend.forget()  # it may be the one that tracked in the old source
        self._wake_up()

    def _beat(self, seconds: float) -> str:
        """Tell the sinks how the run is doing.

        Args:
            seconds: since this was last called.

        Returns:
            The same for systemd, a line.
        """
        status = self._status(seconds)
        self._outputs.report(status)
        faces = "no camera" if status.camera_lost else self._faces
        asleep = ", asleep" if status.asleep else ""
        lost = sum(sink.dropped for sink in status.sinks.values())
        results = f", results lost {lost}" if lost else ""
        return (
            f"{status.fps:.1f} fps, {faces}{asleep}; dropped {status.dropped}, skipped {status.skipped}, "
            f"reopened {status.reopened}{results}"
        )

    def _status(self, seconds: float) -> Status:
        fps, self._reported = (self._processed - self._reported) / seconds, self._processed
        stats = self._source.stats
        return Status(
            bundle=self._config.settings.bundle,
            frames=self._processed,
            fps=fps,
            dropped=stats.dropped,
            skipped=stats.skipped,
            reopened=stats.reopened,
            asleep=self._sleep.asleep,
            camera_lost=isinstance(self._source, LiveSource) and self._source.lost,
            temperature_c=cpu_temperature_c(),
            sinks=self._outputs.stats,
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
