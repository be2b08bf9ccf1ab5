"""A readable line about the newest frame: rewritten in place in a terminal, one per second elsewhere."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

from edge.core.text import escaped

_TERMINAL_INTERVAL_S = 0.1
_PIPE_INTERVAL_S = 1.0


class LiveLine:
    """Shows records (``edge.core.record``) and other texts in a line; ``end`` completes it."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        """
        Args:
            stream: opened for text; lines are written more often to a terminal.
            clock: monotonic seconds.
        """
        self._stream = stream
        self._clock = clock
        self._terminal = stream.isatty()
        self._interval = _TERMINAL_INTERVAL_S if self._terminal else _PIPE_INTERVAL_S
        self._shown_at = float("-inf")
        self._origin = ""
        self._frames = 0
        self._width = 0

    def is_due(self, origin: str) -> bool:
        """Whether the frame that is there now is to be shown; to be asked once for each frame.

        It is if the interval has passed, or if it is the first of a picture or source.
        """
        self._frames += 1
        return self._clock() - self._shown_at >= self._interval or origin != self._origin

    def show_record(self, record: Mapping[str, Any], note: str = "") -> None:
        """Show the record of a frame.

        Args:
            record: see ``edge.core.record.prediction_record``.
            note: what is added to it.

        Raises:
            OSError: the reader has closed the pipe.
        """
        now = self._clock()
        elapsed = now - self._shown_at
        rate = f"{self._frames / elapsed:5.1f} fps" if 0 < elapsed < float("inf") else "    - fps"
        origin = record["source"]
        if self._origin not in ("", origin):
            self.end()  # keeps the line of the picture or source before
        self.show(
            f"{origin}  frame {record['frame']}  {rate}  {record['ms']['total']:5.2f} ms  "
            f"{_faces(record['faces'])}{note}"
        )
        self._shown_at, self._origin, self._frames = now, origin, 0

    def show(self, text: str) -> None:
        """Show any text in place of the line.

        Raises:
            OSError: the reader has closed the pipe.
        """
        text = escaped(text)
        if self._terminal:
            text = text[: shutil.get_terminal_size().columns - 1]  # a wrapped line cannot be rewritten
            self._stream.write("\r" + text.ljust(self._width))
            self._width = len(text)
        else:
            self._stream.write(text + "\n")
        self._stream.flush()

    def end(self) -> None:
        """End the line that is rewritten.

        Raises:
            OSError: the reader has closed the pipe.
        """
        if self._width:
            self._stream.write("\n")
            self._stream.flush()
            self._width = 0


def _faces(faces: Sequence[Mapping[str, Any]]) -> str:
    if not faces:
        return "no face"
    return ", ".join(
        f"{face['label']} {face['probabilities'][face['label']]:.0%}{'' if face['status'] == 'ok' else '?'}"
        for face in faces
    )
