"""Rows of the shipped bundles, on the same faces as the baselines."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.build import load_bundle
from edge.bundles.format import Bundle
from edge.core.types import Face
from edge.head.classifier import TfliteClassifier
from edge.head.inputs import inputs_of, maps_of
from evaluation.label_sets import EMOTIONS, LABEL_SETS
from train.baselines.data import BaselineData, Problem, subset
from train.baselines.measure import LandmarkNetwork, Limits, median_time, scores_of
from train.dataset.landmarks_folder import Faces


def measure_bundle(
    name: str, problem: Problem, other: BaselineData | None, limits: Limits, floor: LandmarkNetwork
) -> list[dict[str, Any]]:
    """Rows of a bundle, one for each evaluation split; see ``measure.measure``.

    A landmarks folder has one pass over each face, not the mirrored one, so that bundles and baselines see
    the same; ``mien benchmark accuracy`` averages both.

    Raises:
        DataError: the landmarks folder lacks the maps that the bundle takes.
    """
    bundle = load_bundle(name)
    classifier = TfliteClassifier(bundle)
    common: dict[str, Any] = {
        "train_seconds": None,
        "size_bytes": len(bundle.model),
        "landmark_network_us": floor.microseconds(),
        "details": {"passes": 1},
    }
    if other is not None:
        number = other.numbers(problem.labels)
        index = subset(np.flatnonzero(number >= 0), limits.evaluation)
        scores, _ = _scores(bundle, classifier, other, index, number, problem.labels)
        common["other"] = {"data": other.name, "sha256": other.sha256, "rows": len(index), **scores}
    rows = []
    for split, index in problem.split.evaluation.items():
        index = subset(index, limits.evaluation)
        scores, call = _scores(bundle, classifier, problem.data, index, problem.number, problem.labels)
        counts = {"training": None, "of": None, "validation": None, "evaluation": len(index)}
        latency = round(median_time(call), 1) if call else None
        rows.append({"split": split, **scores, **common, "latency_us": latency, "rows": counts})
    return rows


def lacking(name: str, data: BaselineData) -> str:
    """Why a bundle cannot answer this data; empty where it can."""
    if not data.folder.info["landmark_models"]:
        return "the data has landmarks of another model"
    maps = maps_of(each.name for each in inputs_of(load_bundle(name)))
    missing = [each for each in maps if each not in data.folder.info["maps"]]
    return f"the landmarks folder has no {', '.join(missing)}" if missing else ""


def _scores(
    bundle: Bundle,
    classifier: TfliteClassifier,
    data: BaselineData,
    index: NDArray[np.int64],
    number: NDArray[np.int64],
    labels: int,
) -> tuple[dict[str, Any], Callable[[], Any] | None]:
    """Figures of the rows ``index``, and a call that answers one face, for its time."""
    inputs = inputs_of(bundle)
    answers = np.zeros((len(index), len(bundle.labels)), np.float32)
    last: list[Face] = []

    def predict(face: Face) -> NDArray[np.float32]:
        return classifier.predict([each.make(face) for each in inputs])

    for places, faces in data.folder.some_faces(index, maps_of(each.name for each in inputs)):
        for row in np.flatnonzero(faces.found):
            last = [_face(faces, row)]
            answers[places[row]] = predict(last[0])
    emotions = np.zeros((len(index), len(EMOTIONS)), np.float32)
    emotions[:, [EMOTIONS.index(name) for name in bundle.labels]] = answers
    label_set = LABEL_SETS[labels]
    scores = scores_of(
        emotions @ label_set.matrix(), data.faces.found[index], number[index], label_set.labels
    )
    return scores, partial(predict, last[0]) if last else None


def _face(faces: Faces, row: int) -> Face:
    maps = {name: np.asarray(values[row], np.float32) for name, values in faces.maps.items()}
    return Face(faces.landmarks[row], 1.0, None, 0, maps)
