"""Forest and SVM on pixels or on the features of a frozen network, and fine-tuned networks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.baselines.data import small_grey
from train.baselines.estimators import Estimator, Matrix
from train.baselines.method import Method, Samples
from train.baselines.sampling import resampled
from train.baselines.transfer.fine_tuning import FineTuned
from train.baselines.transfer.frozen import FrozenNetwork, frozen_network
from train.baselines.transfer.pictures import grey_pictures, need_of


class Transfer:
    """What the settings say, trained on classes of equal size where they want it so."""

    exports = False

    def __init__(self, settings: Mapping[str, Any], classes: int) -> None:
        """
        Args:
            settings: ``feature`` (``crop``: the face that was found, ``picture``: the whole picture);
                ``balanced``: number of classes of the runs in which the training rows are undersampled;
                those of ``OnFeatures``, or ``unfrozen`` and those of ``FineTuned``.
            classes: number of classes C.
        """
        self._settings = settings
        self._balanced = settings["balanced"] == classes
        kind = FineTuned if "unfrozen" in settings else OnFeatures
        self._classifier: Method = kind(settings, classes)

    @property
    def needs(self) -> frozenset[str]:
        """See ``Method``."""
        return self._classifier.needs

    def fit(self, training: Samples, validation: Samples) -> dict[str, Any]:
        """See ``Method``."""
        if not self._balanced:
            return self._classifier.fit(training, validation)
        index = resampled(training.number, "undersample")
        return {"balanced_rows": len(index)} | self._classifier.fit(training.take(index), validation)

    def predict_proba(self, samples: Samples) -> NDArray[np.floating[Any]]:
        """See ``Method``."""
        return self._classifier.predict_proba(samples)

    def size(self) -> int:
        """See ``Method``; with the network."""
        return self._classifier.size()


class OnFeatures:
    """A classifier of scikit-learn on pixels, or on what a frozen network makes of them.

    Settings: those of ``Estimator``; ``network`` (``pixels`` or see ``frozen_network``), ``side``.
    """

    exports = False

    def __init__(self, settings: Mapping[str, Any], classes: int) -> None:
        """See ``Method``."""
        self._settings = settings
        self._estimator = Estimator(settings, classes)
        self._network: FrozenNetwork | None = None

    @property
    def needs(self) -> frozenset[str]:
        """See ``Method``."""
        return need_of(self._settings)

    def fit(self, training: Samples, validation: Samples) -> dict[str, Any]:
        """See ``Method``; no experiment searches, so that the validation samples are not looked at."""
        settings = self._settings
        if settings["network"] != "pixels":
            taken = grey_pictures(training, settings).shape[1]
            self._network = frozen_network(settings["network"], taken, settings["side"], settings["weights"])
        x = self._features(training)
        unseen = x[:0], training.number[:0]
        return {"features": x.shape[1]} | self._estimator.fit(x, training.number, None, unseen)

    def predict_proba(self, samples: Samples) -> NDArray[np.floating[Any]]:
        """See ``Method``."""
        return self._estimator.predict_proba(self._features(samples))

    def size(self) -> int:
        """See ``Method``; with the network."""
        return self._estimator.size() + (self._network.size() if self._network else 0)

    def _features(self, samples: Samples) -> Matrix:
        """Features (N, F); pixels are those of a picture of 48×48."""
        grey = grey_pictures(samples, self._settings)
        if self._network:
            return self._network.features(grey)
        small = np.stack([*map(small_grey, grey)])
        return small.reshape(len(grey), -1).astype(np.float32) / 255
