"""Temporal smoothing of each face's probabilities. The caller gives the time; no clock is read."""

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
        """Add one observation of a face, and return its smoothed probabilities.

        Args:
            track_id: number of the face.
            probabilities: float32 (C,), sums to 1.
            now_ns: ``Frame.time_ns``.

        Returns:
            float32 (C,), sums to 1.
        """
        last = self._history.get(track_id)
        if last is not None and self._seconds > 0:
            last_probabilities, last_ns = last
            weight = math.exp(-max(0, now_ns - last_ns) / 1e9 / self._seconds)
            probabilities = last_probabilities * weight + probabilities * (1.0 - weight)
        self._history[track_id] = (probabilities, now_ns)
        return probabilities

    def keep(self, track_ids: set[int]) -> None:
        """Forget every face that is not among ``track_ids``."""
        for track_id in self._history.keys() - track_ids:
            del self._history[track_id]
