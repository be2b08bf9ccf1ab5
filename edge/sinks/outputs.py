"""The open sinks of a run."""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, TextIO

from edge.core.errors import ConfigError
from edge.core.types import Prediction, Sink, SinkStats, Status
from edge.settings import OutputSettings
from edge.sinks.background import BackgroundSink

STDOUT = "the standard output"


def standard_output() -> TextIO:
    """A stream of its own to the standard output, to be closed by whoever opened it.

    A thread that hangs in ``sys.stdout`` would keep the interpreter from ending.
    """
    return os.fdopen(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)


@dataclass(frozen=True, slots=True)
class SinkKind:
    """What one kind of sink takes, needs and is."""

    settings: Callable[[OutputSettings], Any]
    """Its own part of the settings. While this stays equal, a reload leaves the sink open."""
    needs: Callable[[Any], str]
    """What no other sink may use: ``STDOUT``, or a file's path."""
    check: Callable[[Any], None]
    """Raises ConfigError or OSError where it could not be opened; changes nothing."""
    open: Callable[[Any], Sink]
    """Raises ConfigError or OSError."""


@dataclass(slots=True)
class _Opened:
    settings: Any
    live: bool
    sink: Sink
    stats: SinkStats = field(default_factory=SinkStats)


class Outputs:
    """Passes results on to the sinks that the settings name, in their order.

    Of a live source each sink gets them in the background, so that none can delay or end the run. Of a file
    they are written at once: nothing is lost, a slow sink holds the loop back, and an error is raised.
    """

    def __init__(self, kinds: Mapping[str, SinkKind]) -> None:
        """Start without sinks.

        Args:
            kinds: by the names that settings use.
        """
        self._kinds = kinds
        self._opened: dict[str, _Opened] = {}

    @property
    def stats(self) -> dict[str, SinkStats]:
        """Counters by the name of the sink."""
        return {name: opened.stats for name, opened in self._opened.items()}

    def check(self, settings: OutputSettings) -> None:
        """See that the sinks could be opened, and change nothing.

        Raises:
            ConfigError: two of them need the same, or one holds something of somebody else's.
            OSError: one cannot be opened.
        """
        users: dict[str, str] = {}
        for name in settings.sinks:
            kind, own = self._kinds[name], self._kinds[name].settings(settings)
            needed = kind.needs(own)
            if needed in users:
                raise ConfigError(
                    f"output.sinks has {users[needed]} and {name}, which both write to {needed}: "
                    "name a file for one (output.jsonl_file)"
                )
            users[needed] = name
            kind.check(own)

    def change(self, settings: OutputSettings, live: bool) -> None:
        """Open the sinks that the settings name and close the others. What stays the same stays open.

        Args:
            live: whether the results are those of a live source.

        Raises:
            ConfigError, OSError: see ``check``. All is as before then.
        """
        self.check(settings)
        after: dict[str, _Opened] = {}
        with ExitStack() as undo:
            for name in settings.sinks:
                own = self._kinds[name].settings(settings)
                before = self._opened.get(name)
                if before is not None and (before.settings, before.live) == (own, live):
                    after[name] = before
                else:
                    after[name] = self._open(name, own, live)
                    undo.callback(after[name].sink.close)
            undo.pop_all()
        stale = [opened for opened in self._opened.values() if opened not in after.values()]
        self._opened = after
        for opened in stale:
            opened.sink.close()

    def write(self, prediction: Prediction) -> None:
        """Give a result to every sink.

        Raises:
            OSError: of a file, from a sink.
        """
        for opened in self._opened.values():
            opened.sink.write(prediction)

    def report(self, status: Status) -> None:
        """Tell every sink how the run is doing; likewise."""
        for opened in self._opened.values():
            opened.sink.report(status)

    def close(self) -> None:
        """Close every sink, also where one of them fails.

        Raises:
            OSError: of a file, from a sink that could not write its last words.
        """
        with ExitStack() as closing:
            for opened in self._opened.values():
                closing.callback(opened.sink.close)
            self._opened = {}

    def _open(self, name: str, settings: Any, live: bool) -> _Opened:
        kind = self._kinds[name]
        if not live:
            return _Opened(settings, live, kind.open(settings))
        background = BackgroundSink(name, lambda: kind.open(settings))
        return _Opened(settings, live, background, background.stats)
