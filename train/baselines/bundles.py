"""Rows of the shipped bundles, on the same faces as the baselines."""

import hashlib
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.build import load_bundle
from edge.bundles.format import Bundle
from edge.core.types import Face
from edge.head.classifier import TfliteClassifier
from edge.head.inputs import LANDMARKS as LANDMARKS_INPUT
from edge.head.inputs import inputs_of, maps_of
from evaluation.label_sets import EMOTIONS, LABEL_SETS, LabelSet
from train.baselines.data import BaselineData, Problem
from train.baselines.measure import MeasurementSetup, evaluate, median_time, scores_of
from train.baselines.method import LANDMARKS, MESH
from train.dataset.landmarks_folder import Faces


def measure_bundle(name: str, problem: Problem, setup: MeasurementSetup) -> list[dict[str, Any]]:
    """Rows of a bundle, one for each evaluation split; see ``measure.measure``. Data of another origin that
    it cannot answer is passed over.

    A landmarks folder has one pass over each face, not the mirrored one, so that bundles and baselines see
    the same; ``mien benchmark accuracy`` averages both.

    Raises:
        DataError: the landmarks folder lacks the maps that the bundle takes.
    """
    bundle = _LoadedBundle(load_bundle(name), LABEL_SETS[problem.labels])
    common = {
        "rows": {"training": None, "of": None, "validation": None},
        "train_seconds": None,
        "size_bytes": bundle.size,
        "latency_us": bundle.microseconds(problem.data),
        "details": {"passes": 1},
    }
    if setup.other and lacking(name, setup.other):
        setup = replace(setup, other=None)
    return evaluate(problem, setup, bundle.needs, bundle.scores, common)


def identity(name: str) -> dict[str, str]:
    """What stands for the settings of a bundle: the SHA-256 of its network."""
    return {"sha256": hashlib.sha256(load_bundle(name).model).hexdigest()}


def lacking(name: str, data: BaselineData) -> str:
    """Why a bundle cannot answer this data; empty where it can."""
    if not data.folder.info["landmark_models"]:
        return "the data has landmarks of another model"
    maps = maps_of(each.name for each in inputs_of(load_bundle(name)))
    missing = [each for each in maps if each not in data.folder.info["maps"]]
    return f"the landmarks folder has no {', '.join(missing)}" if missing else ""


class _LoadedBundle:
    """A bundle that answers the faces of a landmarks folder."""

    def __init__(self, bundle: Bundle, labels: LabelSet) -> None:
        self._bundle, self._labels = bundle, labels
        self._classifier = TfliteClassifier(bundle)
        self._inputs = inputs_of(bundle)
        self._maps = maps_of(each.name for each in self._inputs)
        self.size = len(bundle.model)
        self.needs = frozenset({LANDMARKS, MESH} if self._inputs == (LANDMARKS_INPUT,) else {MESH})
        """With ``LANDMARKS``, noise on them reaches all that it takes."""

    def scores(
        self, data: BaselineData, index: NDArray[np.int64], number: NDArray[np.int64]
    ) -> dict[str, Any]:
        """See ``measure.Score``."""
        answers = np.zeros((len(index), len(self._bundle.labels)), np.float32)
        for places, faces in data.some_faces(index, self._maps):
            for row in np.flatnonzero(faces.found):
                answers[places[row]] = self._predict(_face(faces, row))
        emotions = np.zeros((len(index), len(EMOTIONS)), np.float32)
        emotions[:, [EMOTIONS.index(name) for name in self._bundle.labels]] = answers
        found = data.faces.found[index]
        return scores_of(emotions @ self._labels.matrix(), found, number[index], self._labels.labels)

    def microseconds(self, data: BaselineData) -> float | None:
        """Median time of an answer, µs; None: the data has no face."""
        first = np.flatnonzero(data.faces.found)[:1]
        for _, faces in data.some_faces(first, self._maps):
            return round(median_time(partial(self._predict, _face(faces, 0))), 1)
        return None

    def _predict(self, face: Face) -> NDArray[np.float32]:
        return self._classifier.predict([each.make(face) for each in self._inputs])


def _face(faces: Faces, row: int) -> Face:
    maps = {name: np.asarray(values[row], np.float32) for name, values in faces.maps.items()}
    return Face(faces.landmarks[row], 1.0, None, 0, maps)
