"""Keep in SQLite how long each expression was seen: python own_sink.py SOURCE OUT.db"""

import sqlite3
import sys
from contextlib import closing

from mien import Recognizer, Result, Video


class Durations:
    """Seconds of each expression of the first face."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path)
        self._database.execute("CREATE TABLE IF NOT EXISTS seen (label TEXT PRIMARY KEY, seconds REAL)")
        self._last_s: float | None = None

    def write(self, result: Result, now_s: float) -> None:
        """Add the time since the frame before to what is seen now."""
        if self._last_s is not None and len(result):
            row = {"label": result.faces[0].label, "seconds": now_s - self._last_s}
            self._database.execute(
                "INSERT INTO seen VALUES (:label, :seconds) "
                "ON CONFLICT (label) DO UPDATE SET seconds = seconds + :seconds",
                row,
            )
        self._last_s = now_s

    def close(self) -> None:
        """Keep what was added."""
        self._database.commit()
        self._database.close()


source, out = sys.argv[1:]
with Video(source) as video, Recognizer() as recognizer, closing(Durations(out)) as durations:
    for frame in video:
        durations.write(recognizer(frame), frame.time_ns / 1e9)
