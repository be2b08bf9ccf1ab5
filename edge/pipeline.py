"""Frame → Prediction. The one path that the app runs and the benchmarks time."""

import logging
import time

import numpy as np
from numpy.typing import NDArray

from edge.core import features
from edge.core.types import (
    Classifier,
    Face,
    FacePrediction,
    Frame,
    LandmarkBackend,
    Prediction,
    StageTimings,
    Status,
)
from edge.smoothing import ProbabilitySmoother

log = logging.getLogger(__name__)

_Inputs = list[NDArray[np.float32]]


class Pipeline:
    """Landmarks, features, classifier and smoothing, each stage timed."""

    def __init__(
        self,
        backend: LandmarkBackend,
        classifier: Classifier,
        smoother: ProbabilitySmoother,
        min_confidence: float = 0.0,
        embedding: bool = False,
    ) -> None:
        """Put the parts together; ``close`` closes them.

        Args:
            backend: finds faces and landmarks.
            classifier: features → probabilities; one of a fused bundle needs a backend that gives
                ``Face.embedding``.
            smoother: not used for still frames.
            min_confidence: 0–1; a face whose top probability is below gets LOW_CONFIDENCE.
            embedding: whether the classifier takes ``Face.embedding`` beside the landmarks.
        """
        self.backend = backend
        self.classifier = classifier
        self._smoother = smoother
        self._min_confidence = min_confidence
        self.embedding = embedding

    def process(self, frame: Frame) -> Prediction:
        """Everything that is to be said about one frame."""
        started = mark = time.perf_counter_ns()
        faces = self.backend.detect(frame)
        landmarks_ns, mark = _since(mark)

        readable = [(face, inputs) for face in faces if (inputs := self._inputs(face))]
        features_ns, mark = _since(mark)

        observed = [(face, self._classify(inputs)) for face, inputs in readable]
        classify_ns, mark = _since(mark)

        results = tuple(self._result(face, probabilities, frame) for face, probabilities in observed)
        self._smoother.keep({result.face.track_id for result in results})
        smooth_ns, mark = _since(mark)
        timings = StageTimings(
            landmarks_ns=landmarks_ns,
            features_ns=features_ns,
            classify_ns=classify_ns,
            smooth_ns=smooth_ns,
            total_ns=mark - started,
            age_ns=time.monotonic_ns() - frame.captured_ns,
        )
        labels = self.classifier.labels
        return Prediction(
            results, labels, frame.index, frame.origin, frame.time_ns, frame.position_ns, timings
        )

    def close(self) -> None:
        """Close backend and classifier."""
        self.backend.close()
        self.classifier.close()

    def _inputs(self, face: Face) -> list[_Inputs]:
        """What the classifier takes, once for each look at the face whose landmarks make sense; the others
        are lines in the log."""
        inputs = []
        for look in (face, face.second):
            if look is None:
                continue
            try:
                inputs.append(self._of_look(look))
            except ValueError as error:
                log.debug("look at a face skipped: %s", error)
        return inputs

    def _of_look(self, face: Face) -> _Inputs:
        vector = features.extract(face.landmarks)
        if not self.embedding:
            return [vector]
        assert face.embedding is not None  # build_pipeline matches backend and bundle
        return [vector, *features.maps(face.embedding)]

    def _classify(self, looks: list[_Inputs]) -> NDArray[np.float32]:
        """The mean of the probabilities of all looks at a face."""
        answers = [self.classifier.predict(inputs) for inputs in looks]
        return answers[0] if len(answers) == 1 else np.mean(answers, axis=0)

    def _result(self, face: Face, probabilities: NDArray[np.float32], frame: Frame) -> FacePrediction:
        if not frame.still:
            probabilities = self._smoother.update(face.track_id, probabilities, frame.time_ns)
        best = int(probabilities.argmax())
        sure = probabilities[best] >= self._min_confidence
        return FacePrediction(
            label=self.classifier.labels[best],
            probabilities=probabilities,
            status=Status.OK if sure else Status.LOW_CONFIDENCE,
            face=face,
        )


def _since(mark: int) -> tuple[int, int]:
    now = time.perf_counter_ns()
    return now - mark, now
