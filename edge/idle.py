"""Fewer frames while nobody is there: a camera in an empty room need not cost a whole core."""

from edge.settings import SleepSettings


class Sleep:
    """Asleep after ``after_s`` without a face, awake with the first one."""

    def __init__(self, settings: SleepSettings, now_s: float) -> None:
        """
        Args:
            settings: when to fall asleep, and how often to look then.
            now_s: seconds on the clock of the frames to come.
        """
        self._settings = settings
        self._face_at = now_s
        self.asleep = False

    @property
    def interval_s(self) -> float:
        """Seconds from one frame to the next at least; 0: every frame is wanted."""
        return self._settings.interval_s if self.asleep else 0.0

    def see(self, has_face: bool, now_s: float) -> bool:
        """Take in one frame, taken at ``now_s``.

        Returns:
            True where this frame has put it to sleep or woken it.
        """
        before = self.asleep
        if has_face:
            self._face_at = now_s
        self.asleep = 0 < self._settings.after_s <= now_s - self._face_at
        return self.asleep != before
