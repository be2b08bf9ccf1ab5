"""Sleep: fewer frames while nobody is there, since a camera in an empty room need not cost a whole core."""

from edge.settings import SleepSettings


class Sleep:
    """Whether the run is asleep: from ``after_s`` without a face on, until the next face."""

    def __init__(self, settings: SleepSettings, now_s: float) -> None:
        """
        Args:
            settings: the time without a face, and the interval of frames while asleep.
            now_s: the present time on the frames' clock, seconds.
        """
        self._settings = settings
        self._last_face_s = now_s
        self.asleep = False

    @property
    def interval_s(self) -> float:
        """Least time from one frame to the next, seconds; 0: every frame is taken."""
        return self._settings.interval_s if self.asleep else 0.0

    def update(self, has_face: bool, now_s: float) -> bool:
        """Update the state with a frame that was taken at ``now_s``.

        Returns:
            Whether the frame has changed ``asleep``.
        """
        was_asleep = self.asleep
        if has_face:
            self._last_face_s = now_s
        self.asleep = 0 < self._settings.after_s <= now_s - self._last_face_s
        return self.asleep != was_asleep
