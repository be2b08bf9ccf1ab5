"""Classifiers of scikit-learn that several methods train on a matrix of features."""

import itertools
import pickle
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from edge.core.errors import DataError
from edge.core.quantize import MeanStd, softmax

SEED = 0
MODELS: dict[str, Any] = {
    "tree": DecisionTreeClassifier,
    "forest": RandomForestClassifier,
    "logistic": LogisticRegression,
    "svc": SVC,
    "mlp": MLPClassifier,
}
"""Name of a model in ``settings.toml`` → its class."""

Matrix = NDArray[np.floating[Any]]
"""Features (N, F)."""


class Estimator:
    """A scaler, maybe a PCA before it, and a classifier; its parameters may be searched."""

    def __init__(self, settings: Mapping[str, Any], classes: int) -> None:
        """
        Args:
            settings: ``model``; ``parameters`` of it; ``pca``, number of components; ``search``: parameters
                with the values to try and ``seconds``, after which no further ones are tried.
            classes: number of classes C.
        """
        self._settings = settings
        self._classes = classes
        self._pipeline: Pipeline | None = None

    def fit(
        self, x: Matrix, number: NDArray[np.int64], weight: Matrix | None, validation: tuple[Matrix, Any]
    ) -> dict[str, Any]:
        """Train; with a ``search``, keep the parameters that classify the validation rows best.

        Args:
            x: (N, F)
            number: int64 (N,), the classes.
            weight: (N,), weight of each row; None: all the same.
            validation: features (V, F) and classes (V,).

        Returns:
            Details of a search; otherwise nothing.

        Raises:
            DataError: too few rows.
        """
        search = dict(self._settings.get("search", {}))
        if not search:
            self._pipeline = self._fitted(x, number, weight, {})
            return {}
        seconds, start = search.pop("seconds"), time.monotonic()
        choices = _choices(search)
        best, best_parameters, tried = -1.0, choices[0], 0
        for parameters in choices:
            pipeline = self._fitted(x, number, weight, parameters)
            accuracy = float((pipeline.predict(validation[0]) == validation[1]).mean())
            if accuracy > best:
                best, best_parameters, self._pipeline = accuracy, parameters, pipeline
            tried += 1
            if time.monotonic() - start > seconds:
                break
        return {"search": {"chosen": best_parameters, "tried": tried, "of": len(choices), "validation": best}}

    def predict_proba(self, x: Matrix) -> NDArray[np.floating[Any]]:
        """Probabilities (N, C). Those of an SVC are the softmax of its decision function, uncalibrated."""
        assert self._pipeline is not None
        if isinstance(self._pipeline[-1], SVC):
            scores = self._pipeline.decision_function(x)
            if scores.ndim == 1:  # two classes
                scores = np.stack([-scores, scores], axis=1)
            values: NDArray[np.floating[Any]] = softmax(scores)
        else:
            values = self._pipeline.predict_proba(x)
        result = np.zeros((len(x), self._classes), values.dtype)
        result[:, self._pipeline.classes_] = values
        return result

    def dense_layers(self, by: MeanStd) -> list[tuple[Matrix, Matrix]]:
        """Kernel (F, units) and bias (units,) of each layer of a logistic regression or a perceptron.

        Args:
            by: the standardization that takes the place of the pipeline's scaler.

        Raises:
            DataError: a class had no training sample.
        """
        assert self._pipeline is not None
        scaler, model = self._pipeline["scaler"], self._pipeline["model"]
        if len(model.classes_) < max(self._classes, 3):
            raise DataError(
                f"no network can be made: only {len(model.classes_)} classes have training samples"
            )
        if isinstance(model, LogisticRegression):
            layers = [(model.coef_.T, model.intercept_)]
        else:
            layers = [*zip(model.coefs_, model.intercepts_, strict=True)]
        kernel, bias = layers[0]
        shift = (by.mean - scaler.mean_) / scaler.scale_
        return [(kernel * (by.std / scaler.scale_)[:, None], bias + shift @ kernel), *layers[1:]]

    def size(self) -> int:
        """Size of the pickled pipeline, bytes."""
        return len(pickle.dumps(self._pipeline))

    def _fitted(
        self, x: Matrix, number: NDArray[np.int64], weight: Matrix | None, parameters: dict[str, Any]
    ) -> Pipeline:
        pipeline = self._built(x.shape, parameters)
        weights = {} if weight is None else {"model__sample_weight": weight}
        with warnings.catch_warnings():
            # Default numbers of iterations are part of what is compared.
            warnings.simplefilter("ignore", ConvergenceWarning)
            try:
                # Sums in another order make another perceptron: one thread, on any number of cores.
                with threadpool_limits(1):
                    return pipeline.fit(x, number, **weights)
            except ValueError as error:  # as of a perceptron that holds out rows, where a class has too few
                raise DataError(f"scikit-learn cannot train on these {len(x)} rows: {error}") from None

    def _built(self, shape: Sequence[int], parameters: dict[str, Any]) -> Pipeline:
        model: ClassifierMixin = MODELS[self._settings["model"]](
            random_state=SEED, **{**self._settings.get("parameters", {}), **parameters}
        )
        if isinstance(model, SVC):
            model.set_params(break_ties=True)  # so that the decision function and the answer agree
        components = min(self._settings.get("pca", 0), *shape)
        reduced = [("pca", PCA(components, random_state=SEED))] if components else []
        return Pipeline([*reduced, ("scaler", StandardScaler()), ("model", model)])


def _choices(search: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """All combinations of the values, in an order that does not depend on time."""
    return [dict(zip(search, values, strict=True)) for values in itertools.product(*search.values())]
