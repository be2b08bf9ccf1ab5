"""Temporal smoothing of probabilities, per face. Pure: time comes in, nothing else goes out."""

import math

import numpy as np
from numpy.typing import NDArray


class ProbabilitySmoother:
    """Exponential moving average of each tracked face's probabilities.

    The weight of the past is ``exp(-dt / time constant)``, so that the frame rate does not matter.
    """

    def __init__(self, seconds: float) -> None:
        """Start without history.

        Args:
            seconds: time constant, s; 0 turns smoothing off.
        """
        self._seconds = seconds
        self._history: dict[int, tuple[NDArray[np.float32], int]] = {}

    def update(self, track_id: int, probabilities: NDArray[np.float32], now_ns: int) -> NDArray[np.float32]:
        """Take one observation in and give the smoothed probabilities.

        Args:
            track_id: the face.
            probabilities: float32 (C,), sums to 1.
            now_ns: ``Frame.time_ns``.

        Returns:
            float32 (C,), sums to 1.
        """
        known = self._history.get(track_id)
        if known is not None and self._seconds > 0:
            before, then_ns = known
            past = math.exp(-max(0, now_ns - then_ns) / 1e9 / self._seconds)
            probabilities = before * past + probabilities * (1.0 - past)
        self._history[track_id] = (probabilities, now_ns)
        return probabilities

    def keep(self, track_ids: set[int]) -> None:
        """Forget every face that is not among ``track_ids``."""
        for track_id in self._history.keys() - track_ids:
            del self._history[track_id]
