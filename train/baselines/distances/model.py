"""Distances to the tip of the nose → PCA → standardization → support vector machine."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.features import MESH_POINTS
from train.baselines import points
from train.baselines.estimators import Estimator, Matrix
from train.baselines.method import LANDMARKS, MESH, Samples


class Distances:
    """A support vector machine on distances of the mesh, or on its coordinates."""

    needs = frozenset({LANDMARKS, MESH})
    exports = False

    def __init__(self, settings: Mapping[str, Any], classes: int) -> None:
        """
        Args:
            settings: those of ``Estimator``; ``aligned``; ``feature``: ``distances`` or ``coordinates``.
            classes: number of classes C.
        """
        self._settings = settings
        self._estimator = Estimator(settings, classes)

    def fit(self, training: Samples, validation: Samples) -> dict[str, Any]:
        """See ``Method``."""
        x, of_validation = self._features(training), (self._features(validation), validation.number)
        return {"features": x.shape[1]} | self._estimator.fit(x, training.number, None, of_validation)

    def predict_proba(self, samples: Samples) -> NDArray[np.floating[Any]]:
        """See ``Method``."""
        return self._estimator.predict_proba(self._features(samples))

    def size(self) -> int:
        """See ``Method``."""
        return self._estimator.size()

    def _features(self, samples: Samples) -> Matrix:
        assert samples.landmarks is not None
        mesh = points.represented(samples.landmarks, MESH_POINTS, self._settings["aligned"])
        if self._settings["feature"] == "coordinates":
            return mesh.reshape(len(mesh), -1)
        return np.asarray(np.linalg.norm(mesh - mesh[:, [points.NOSE_TIP]], axis=2))
