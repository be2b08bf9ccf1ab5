"""Decision tree, forest, logistic regression, SVC and MLP on landmarks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.core.features import MESH_POINTS
from edge.head.inputs import LANDMARKS as LANDMARKS_INPUT
from train.baselines import points
from train.baselines.estimators import Estimator, Matrix
from train.baselines.method import CLIP, LANDMARKS, MESH, Samples
from train.baselines.sampling import resampled
from train.dataset.balance import row_weights
from train.dataset.inputs import standardization

if TYPE_CHECKING:
    import keras

    from train.dataset.inputs import Standardization


class Classical:
    """A classifier of scikit-learn on the coordinates of the landmarks."""

    def __init__(self, settings: Mapping[str, Any], classes: int) -> None:
        """
        Args:
            settings: those of ``Estimator``; ``points`` (68 or 468), ``aligned``; ``balance`` (none, weights,
                oversample, undersample); ``amplitudes`` of the faces generated from the training faces.
            classes: number of classes C.
        """
        self._settings = settings
        self._estimator = Estimator(settings, classes)

    @property
    def needs(self) -> frozenset[str]:
        """See ``Method``."""
        return frozenset({LANDMARKS} if self._settings["points"] == 68 else {LANDMARKS, MESH})

    def fit(self, training: Samples, validation: Samples) -> dict[str, Any]:
        """See ``Method``."""
        x, number = self.features(training), training.number
        details: dict[str, Any] = {"features": x[0].size}
        if amplitudes := self._settings.get("amplitudes", []):
            base = self.base(training, x)
            x = np.concatenate([x, *(points.generated(x, base, each) for each in amplitudes)])
            number = np.tile(number, 1 + len(amplitudes))
            details["generated"] = len(x) - len(training)
        balance, weight = self._settings.get("balance", "none"), None
        if balance in ("oversample", "undersample"):
            index = resampled(number, balance)
            x, number = x[index], number[index]
        elif balance == "weights":
            weight = row_weights(number, balance)
        of_validation = _flat(self.features(validation)), validation.number
        return details | self._estimator.fit(_flat(x), number, weight, of_validation)

    def predict_proba(self, samples: Samples) -> NDArray[np.floating[Any]]:
        """See ``Method``."""
        return self._estimator.predict_proba(_flat(self.features(samples)))

    def size(self) -> int:
        """See ``Method``."""
        return self._estimator.size()

    @property
    def exports(self) -> bool:
        """See ``Method``: linear models and perceptrons on the aligned mesh."""
        on_mesh = self._settings["points"] == MESH_POINTS and self._settings["aligned"]
        return on_mesh and self._settings["model"] in ("logistic", "mlp")

    def deployed(self, training: Samples) -> "tuple[Standardization, keras.Model]":
        """See ``Exported``."""
        from train.baselines.dense import dense_network

        standardize = standardization({LANDMARKS_INPUT.name: _flat(self.features(training))}, CLIP)
        return standardize, dense_network(self._estimator.dense_layers(standardize.by[LANDMARKS_INPUT.name]))

    def features(self, samples: Samples) -> points.Points:
        """Landmarks of the samples as the settings want them, (N, P, D)."""
        assert samples.landmarks is not None
        return points.represented(samples.landmarks, self._settings["points"], self._settings["aligned"])

    def base(self, training: Samples, x: points.Points) -> points.Points:
        """What generated faces are between or beyond: the mean of the training faces ``x``, (P, D)."""
        result: points.Points = x.mean(axis=0)
        return result


def _flat(values: points.Points) -> Matrix:
    return values.reshape(len(values), -1)
