"""A readable line about the newest frame: rewritten in place in a terminal, one per second elsewhere."""

import shutil
from collections.abc import Callable
from contextlib import closing
from typing import TextIO

from edge.core.text import escaped
from edge.core.types import FacePrediction, FaceStatus, Prediction, Status

_TERMINAL_INTERVAL_S = 0.1
_PIPE_INTERVAL_S = 1.0


class LiveSink:
    """Shows the faces of the newest frame, the frame rate and the latency."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        """Write to ``stream``, which ``close`` closes.

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

    def write(self, prediction: Prediction) -> None:
        """Show the prediction if the interval has passed, or if it is the first of a picture or source.

        Raises:
            OSError: the reader has closed the pipe.
        """
        self._frames += 1
        now = self._clock()
        elapsed = now - self._shown_at
        if elapsed < self._interval and prediction.origin == self._origin:
            return
        rate = f"{self._frames / elapsed:5.1f} fps" if 0 < elapsed < float("inf") else "    - fps"
        text = escaped(
            f"{prediction.origin}  frame {prediction.frame_index}  {rate}  "
            f"{prediction.timings.total_ns / 1e6:5.2f} ms  {_faces(prediction.faces)}"
        )
        if self._terminal:
            if self._origin not in ("", prediction.origin):
                self._end_line()  # keeps the line of the picture or source before
            text = text[: shutil.get_terminal_size().columns - 1]  # a wrapped line cannot be rewritten
            self._stream.write("\r" + text.ljust(self._width))
            self._width = len(text)
        else:
            self._stream.write(text + "\n")
        self._stream.flush()
        self._shown_at, self._origin, self._frames = now, prediction.origin, 0

    def report(self, status: Status) -> None:
        """Do nothing: the line has the frame rate, and the log has the rest."""

    def close(self) -> None:
        """End the rewritten line and close the stream."""
        with closing(self._stream):
            self._end_line()

    def _end_line(self) -> None:
        if self._width:
            self._stream.write("\n")
            self._stream.flush()
            self._width = 0


def _faces(faces: tuple[FacePrediction, ...]) -> str:
    if not faces:
        return "no face"
    return ", ".join(
        f"{face.label} {face.probabilities.max():.0%}{'' if face.status is FaceStatus.OK else '?'}"
        for face in faces
    )
