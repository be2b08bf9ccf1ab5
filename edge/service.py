"""The service: a run with signals, systemd, sleep, and reloads of settings and bundle."""

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
from edge.core.memory import trim_heap
from edge.core.protocols import FrameSource
from edge.core.temperature import cpu_temperature_c
from edge.core.types import Frame, Prediction, Status
from edge.idle import Sleep
from edge.landmarks.litert import LitertBackend
from edge.pause import Pause
from edge.reload import Reload
from edge.running_config import RunningConfig, first_config, open_allowed_source
from edge.sd_notify import Heartbeat, notify, status_line, under_systemd
from edge.settings import Settings
from edge.sinks.outputs import Outputs
from edge.sources.live import WAIT_STEP_S, LiveSource

log = logging.getLogger(__name__)

RELOAD_WAIT_S = 5.0
"""Time to wait at the end of the program for a reload that is running, seconds."""
_SHORTEST_COUNT_S = 0.5  # for the frame rate of a status


def run(load: Callable[[], Settings], frames: int | None = None) -> loop.Summary:
    """Process the source that the settings name until it ends or the program is told to stop.

    Args:
        load: reads the settings, now and at each reload.
        frames: number of frames after which to stop, counted across the sources of all reloads; None: stop
            at the end of the source.

    Returns:
        The summary of the last source; those of the sources before it are in the log.

    Raises:
        MienError: settings, bundle, face models or source cannot be used.
        OSError: from the sinks, or a file of the bundle or the face models.
    """
    # So that the watchdog's SIGABRT prints where each thread hangs.
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
    """A run with its signals, its sinks, its messages to systemd and its reloads.

    SIGTERM and Ctrl-C end it in order. Under systemd, SIGHUP reloads settings and bundle: a thread builds the
    new configuration while the loop goes on, which then changes to it between two frames. A reload that fails
    is a line in the log, and the current configuration is kept.
    """

    def __init__(
        self, load: Callable[[], Settings], config: RunningConfig, source: FrameSource, frames: int | None
    ) -> None:
        """
        Args:
            load: reads the settings at a reload.
            config: the first configuration; ``run`` closes it or its replacement.
            source: the first source; likewise.
            frames: see ``run``.
        """
        self._load = load
        self.config = config
        # A reload replaces ``_source`` while the loop still reads ``_reading``.
        self._source = self._reading = source
        self._frames = frames
        self._pause = Pause(config.settings.output.device_id)
        self._outputs = Outputs(SINK_KINDS, self._pause.command)
        self._stop = threading.Event()
        self._heartbeat = Heartbeat(self._report_status)
        self._reload_wanted = False
        self.pending_reload: Reload | None = None
        self._sleep = Sleep(config.settings.sleep, time.monotonic())
        self._processed = self._counted = 0
        self._counted_at, self._fps = time.monotonic(), 0.0
        self._faces = "no frame yet"

    def run(self) -> loop.Summary:
        """Run until the source ends or the program is told to stop; see ``edge.service.run``."""
        with ExitStack() as closing:
            closing.callback(lambda: self.config.pipeline.close())
            closing.callback(self.abandon_reload)
            closing.callback(lambda: self._source.close())
            try:
                self._outputs.change(self.config.settings.output, isinstance(self._source, LiveSource))
                closing.callback(self._outputs.close)
                summary = self._run_sources()
            except (MienError, OSError):  # of the source or a sink: the bundle's golden faces have run
                self.config.trial.prove()
                raise
            self.config.trial.prove()
        return summary

    def _run_sources(self) -> loop.Summary:
        """Run one source after the other, with the pipeline and the sinks that are current."""
        self._handle_signals()
        trim_heap()
        self._pause.update()
        self._outputs.report(self._status())
        notify("READY=1")
        summary = self._run_source()
        while (
            self._source is not self._reading and self._frames != self._processed and not self._stop.is_set()
        ):
            log.info("source changed; until then:")
            for line in str(summary).splitlines():
                log.info("%s", line)
            summary = self._run_source()
            log.info("since the source changed:")
        notify("STOPPING=1")
        return summary

    def _run_source(self) -> loop.Summary:
        self._reading = self._source
        self._faces = "no frame yet"
        self._wake_up()
        if isinstance(self._source, LiveSource):
            self._source.on_wait = self.tick
            self._source.paused = bool(self._pause.by)
        self._wait_where_a_file_is_paused()
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
        """Start awake, with the current sleep settings."""
        self._sleep = Sleep(self.config.settings.sleep, time.monotonic())
        if isinstance(self._source, LiveSource):
            self._source.interval_s = 0.0

    def _process(self, frame: Frame) -> Prediction:
        prediction = self.config.pipeline.process(frame)
        self.config.trial.prove()  # before the sinks, whose errors are not the bundle's
        return prediction

    def _after_frame(self, prediction: Prediction) -> None:
        self._processed += 1
        self._faces = ", ".join(face.label for face in prediction.faces) or "no face"
        has_face, now_s = bool(prediction.faces), prediction.time_ns / 1e9
        if isinstance(self._source, LiveSource) and self._sleep.update(has_face, now_s):
            self._source.interval_s = self._sleep.interval_s
            log.info("asleep: nobody there" if self._sleep.asleep else "awake: a face")
        self.tick()
        self._wait_where_a_file_is_paused()

    def _wait_where_a_file_is_paused(self) -> None:
        """Hold the loop back; a live source waits by itself, with its camera closed."""
        while self._pause.by and not isinstance(self._reading, LiveSource) and not self._stop.is_set():
            self._stop.wait(WAIT_STEP_S)
            self.tick()

    def _pause_or_resume(self) -> None:
        if isinstance(self._source, LiveSource):
            self._source.paused = bool(self._pause.by)
        self._forget_tracks()
        self._wake_up()
        self._heartbeat.beat(at_once=True)

    def _forget_tracks(self) -> None:
        """Look for faces anew: the next frame may show something else."""
        if isinstance(self.config.pipeline.backend, LitertBackend):
            self.config.pipeline.backend.forget_tracks()

    def tick(self) -> None:
        """Do the periodic work, after each frame and twice a second while there is none.

        A bundle that waits for a camera counts as proven: its golden faces have run, and a watchdog that
        ends the program because of the camera must not count against it.
        """
        self._heartbeat.beat()
        self.config.trial.prove()
        if self._pause.update():
            self._pause_or_resume()
        if self.pending_reload is not None and not self.pending_reload.is_alive():
            try:
                self.finish_reload(self.pending_reload)
            finally:
                self.pending_reload = None  # it holds the old configuration, which ``trim_heap`` is to free
            trim_heap()
        elif self._reload_wanted and self.pending_reload is None:
            self._reload_wanted = False
            notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
            self.pending_reload = Reload(self._load, self.config)
            self.pending_reload.start()

    def finish_reload(self, reload: Reload) -> None:
        """Change to the configuration that a reload has built, or log why it failed."""
        try:
            with ExitStack() as on_failure:
                on_failure.callback(reload.discard)
                config, source = reload.result()
                self._outputs.change(config.settings.output, isinstance(source or self._source, LiveSource))
                on_failure.pop_all()
        except (MienError, OSError) as error:
            log.error("reload failed, keeping the current configuration: %s", error)
        except Exception:  # a bug in the new configuration must not end the running one
            log.exception("reload failed, keeping the current configuration")
        else:
            self._change_to(config, source)
        notify("READY=1")

    def abandon_reload(self) -> None:
        """Give up a reload that is still running at the end."""
        if self.pending_reload is not None:
            self.pending_reload.join(RELOAD_WAIT_S)
            with suppress(Exception):  # the program ends all the same
                self.pending_reload.discard()

    def _change_to(self, config: RunningConfig, source: FrameSource | None) -> None:
        if config.pipeline.backend is not self.config.pipeline.backend:
            self.config.pipeline.close()
        log.info("reloaded")
        self.config = config
        if source is not None:
            self._source.close()
            self._source = source
            self._forget_tracks()
        self._pause.name(config.settings.output.device_id)
        self._wake_up()
        self._heartbeat.beat(at_once=True)

    def _report_status(self) -> str:
        """Report the status of the run to the sinks, and give the status line for systemd."""
        status = self._status()
        self._outputs.report(status)
        return status_line(status, self._faces)

    def _status(self) -> Status:
        now_s, stats = time.monotonic(), self._source.stats
        if (seconds := now_s - self._counted_at) >= _SHORTEST_COUNT_S:
            self._fps = (self._processed - self._counted) / seconds
            self._counted, self._counted_at = self._processed, now_s
        return Status(
            bundle=self.config.settings.bundle,
            frames=self._processed,
            fps=self._fps,
            dropped=stats.dropped,
            skipped=stats.skipped,
            reopened=stats.reopened,
            asleep=self._sleep.asleep,
            camera_lost=isinstance(self._source, LiveSource) and self._source.lost,
            temperature_c=cpu_temperature_c(),
            sinks=self._outputs.stats,
            paused=self._pause.by,
            device=self.config.settings.output.device_id,
            labels=self.config.pipeline.classifier.labels,
        )

    def _handle_signals(self) -> None:
        """The first SIGTERM or Ctrl-C ends the run in order, a second one at once."""

        def end(_number: int, _frame: FrameType | None) -> None:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            self._stop.set()
            self._source.close()
            self._reading.close()

        def reload(_number: int, _frame: FrameType | None) -> None:
            self._reload_wanted = True

        signal.signal(signal.SIGINT, end)
        signal.signal(signal.SIGTERM, end)
        if under_systemd():  # elsewhere SIGHUP means that the terminal is gone
            signal.signal(signal.SIGHUP, reload)
