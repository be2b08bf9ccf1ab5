"""The classical models on movements of landmarks."""

import numpy as np

from train.baselines import points
from train.baselines.classical.model import Classical
from train.baselines.method import SEQUENCES, Samples


class Movement(Classical):
    """A classifier of scikit-learn on the difference of the apex from the neutral face, or on the apex alone.

    Both faces are aligned by the eyes first, so that the movement of the head is no part of it. ``feature``
    is ``movement`` or ``apex``: the same rows, for comparison.
    """

    exports = False
    """A device has no neutral face to compare with."""

    @property
    def needs(self) -> frozenset[str]:
        """See ``Method``."""
        return super().needs | {SEQUENCES}

    def features(self, samples: Samples) -> points.Points:
        """Movement or apex of the samples, (N, P, D)."""
        apex = super().features(samples)
        return apex - self._neutral(samples) if self._settings["feature"] == "movement" else apex

    def base(self, training: Samples, x: points.Points) -> points.Points:
        """No movement, or the neutral face of the same person: (N, P, D)."""
        return np.zeros_like(x) if self._settings["feature"] == "movement" else self._neutral(training)

    def _neutral(self, samples: Samples) -> points.Points:
        assert samples.neutral is not None
        return points.represented(samples.neutral, self._settings["points"], self._settings["aligned"])
