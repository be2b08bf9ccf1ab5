"""The open sinks of a run."""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TextIO

from edge.core.errors import ConfigError
from edge.core.protocols import Sink
from edge.core.types import Prediction, SinkStats, Status
from edge.settings import OutputSettings
from edge.sinks.background import BackgroundSink

STDOUT = "the standard output"


def standard_output() -> TextIO:
    """A new stream to the standard output, which the caller closes.

    A thread that hangs in ``sys.stdout`` would keep the interpreter from ending.
    """
    return os.fdopen(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)


@dataclass(frozen=True, slots=True)
class SinkKind:
    """The functions by which a kind of sink is checked and opened."""

    settings: Callable[[OutputSettings], Any]
    """Picks the sink's own part of the settings. While that is equal, a reload leaves the sink open."""
    needs: Callable[[Any], str]
    """Gives what no second sink may use, ``STDOUT`` or a file's path, from the sink's own settings."""
    check: Callable[[Any], None]
    """Raises ConfigError or OSError where the sink cannot be opened; changes nothing."""
    open: Callable[[Any, Callable[[str], None]], Sink]
    """Opens the sink; raises ConfigError or OSError. The second argument takes its readers' commands."""
    blocks: bool = True
    """Whether the sink may hold up its caller; if not, it keeps its own ``stats: SinkStats``."""


@dataclass(slots=True)
class _Opened:
    settings: Any
    background: bool
    sink: Sink
    stats: SinkStats


class Outputs:
    """Passes results on to the sinks that the settings name, in their order.

    Results of a live source are written in the background, so that no sink can delay or end the run. Those of
    a file are written at once: none is lost, a slow sink holds the loop back, and an error is raised. A sink
    that never blocks is always written to at once.
    """

    def __init__(
        self, kinds: Mapping[str, SinkKind], on_command: Callable[[str], None] = lambda _name: None
    ) -> None:
        """Start without sinks.

        Args:
            kinds: name in the settings → kind of sink.
            on_command: called with the name of a command (``edge.stream.messages.COMMANDS``) that a reader
                sends, in any thread.
        """
        self._kinds = kinds
        self._on_command = on_command
        self._opened: dict[str, _Opened] = {}

    @property
    def stats(self) -> dict[str, SinkStats]:
        """Counters of each sink by its name."""
        return {name: opened.stats for name, opened in self._opened.items()}

    def check(self, settings: OutputSettings) -> None:
        """Check that the sinks can be opened, without changing anything.

        Raises:
            ConfigError: two of them need the same output, or a file holds something else than JSON lines.
            OSError: one of them cannot be opened.
        """
        users: dict[str, str] = {}
        for name in settings.sinks:
            kind, sink_settings = self._kinds[name], self._kinds[name].settings(settings)
            needed = kind.needs(sink_settings)
            if needed in users:
                raise ConfigError(
                    f"output.sinks has {users[needed]} and {name}, which both write to {needed}: "
                    "name a file for one (output.jsonl_file)"
                )
            users[needed] = name
            kind.check(sink_settings)

    def change(self, settings: OutputSettings, live: bool) -> None:
        """Change to the sinks that the settings name; those with unchanged settings stay open.

        Args:
            live: whether the results are those of a live source.

        Raises:
            ConfigError, OSError: see ``check``. Nothing has changed then.
        """
        self.check(settings)
        after: dict[str, _Opened] = {}
        with ExitStack() as undo:
            for name in settings.sinks:
                sink_settings = self._kinds[name].settings(settings)
                background = live and self._kinds[name].blocks
                opened = self._opened.get(name)
                if opened is not None and (opened.settings, opened.background) == (sink_settings, background):
                    after[name] = opened
                else:
                    after[name] = self._open(name, sink_settings, background)
                    undo.callback(after[name].sink.close)
            undo.pop_all()
        replaced = [opened for opened in self._opened.values() if opened not in after.values()]
        self._opened = after
        for opened in replaced:
            opened.sink.close()

    def write(self, prediction: Prediction) -> None:
        """Give a result to every sink.

        Raises:
            OSError: from a sink, if the source is a file.
        """
        for opened in self._opened.values():
            opened.sink.write(prediction)

    def report(self, status: Status) -> None:
        """Give the status of the run to every sink; errors as in ``write``."""
        for opened in self._opened.values():
            opened.sink.report(status)

    def close(self) -> None:
        """Close every sink, even if one of them fails.

        Raises:
            OSError: from a sink, if the source is a file.
        """
        with ExitStack() as closing:
            for opened in self._opened.values():
                closing.callback(opened.sink.close)
            self._opened = {}

    def _open(self, name: str, settings: Any, background: bool) -> _Opened:
        kind = self._kinds[name]
        sink: Any
        if background:
            sink = BackgroundSink(name, lambda: kind.open(settings, self._on_command))
        else:
            sink = kind.open(settings, self._on_command)
        counts = background or not kind.blocks
        return _Opened(settings, background, sink, sink.stats if counts else SinkStats())
