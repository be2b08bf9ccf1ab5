"""Frame → Prediction, in two halves. The one path that the app runs and the benchmarks time."""

import logging
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.pose import head_pose
from edge.core.types import (
    Classifier,
    Face,
    FacePrediction,
    FaceStatus,
    Frame,
    LandmarkBackend,
    Prediction,
    StageTimings,
)
from edge.head.reasons import reasons
from edge.head.smoothing import ProbabilitySmoother

log = logging.getLogger(__name__)

_Inputs = list[NDArray[Any]]


class Pipeline:
    """Landmarks, features, classifier and smoothing, each stage timed."""

    def __init__(
        self,
        backend: LandmarkBackend,
        classifier: Classifier,
        smoother: ProbabilitySmoother,
        min_confidence: float = 0.0,
    ) -> None:
        """Put the parts together; ``close`` closes them.

        Args:
            backend: finds faces and landmarks; gives ``Face.maps`` that the classifier takes.
            classifier: inputs → probabilities.
            smoother: not used for still frames.
            min_confidence: 0–1; a face whose top probability is below gets LOW_CONFIDENCE.
        """
        self.backend = backend
        self.classifier = classifier
        self._smoother = smoother
        self._min_confidence = min_confidence

    def process(self, frame: Frame) -> Prediction:
        """Everything that is to be said about one frame."""
        started = time.perf_counter_ns()
        faces = self.detect(frame)
        detected = time.perf_counter_ns()
        results, (features_ns, classify_ns, smooth_ns) = self._classify(frame, faces)
        landmarks_ns = detected - started
        height, width = frame.rgb.shape[:2]
        return Prediction(
            faces=results,
            labels=self.classifier.labels,
            frame_index=frame.index,
            origin=frame.origin,
            width=width,
            height=height,
            time_ns=frame.time_ns,
            position_ns=frame.position_ns,
            timings=StageTimings(
                landmarks_ns=landmarks_ns,
                features_ns=features_ns,
                classify_ns=classify_ns,
                smooth_ns=smooth_ns,
                total_ns=landmarks_ns + features_ns + classify_ns + smooth_ns,
                age_ns=time.monotonic_ns() - frame.captured_ns,
            ),
        )

    def detect(self, frame: Frame) -> list[Face]:
        """The first half: the faces of a frame and their landmarks."""
        return self.backend.detect(frame)

    def classify(self, frame: Frame, faces: Sequence[Face]) -> tuple[FacePrediction, ...]:
        """The second half: what the faces of a frame express. One whose landmarks make no sense is left out.

        Args:
            frame: what the faces were found in; a still one is not smoothed.
            faces: as ``detect`` gives them, or others that fit the frame.
        """
        return self._classify(frame, faces)[0]

    def close(self) -> None:
        """Close backend and classifier."""
        self.backend.close()
        self.classifier.close()

    def _classify(
        self, frame: Frame, faces: Sequence[Face]
    ) -> tuple[tuple[FacePrediction, ...], tuple[int, int, int]]:
        """The results, and how long features, classifier and the rest took, ns."""
        mark = time.perf_counter_ns()
        readable = [(face, inputs) for face in faces if (inputs := self._inputs(face))]
        features_ns, mark = _since(mark)

        observed = [(face, self._probabilities(inputs)) for face, inputs in readable]
        classify_ns, mark = _since(mark)

        results = tuple(self._result(face, probabilities, frame) for face, probabilities in observed)
        self._smoother.keep({result.face.track_id for result in results})
        smooth_ns, _ = _since(mark)
        return results, (features_ns, classify_ns, smooth_ns)

    def _inputs(self, face: Face) -> list[_Inputs]:
        """What the classifier takes, once for each pass over the face whose landmarks make sense; the others
        are lines in the log."""
        inputs = []
        for seen in (face, face.second):
            if seen is None:
                continue
            try:
                inputs.append([each.make(seen) for each in self.classifier.inputs])
            except ValueError as error:
                log.debug("a pass over a face skipped: %s", error)
        return inputs

    def _probabilities(self, passes: list[_Inputs]) -> NDArray[np.float32]:
        """The mean over all passes."""
        answers = [self.classifier.predict(inputs) for inputs in passes]
        return answers[0] if len(answers) == 1 else np.mean(answers, axis=0)

    def _result(self, face: Face, probabilities: NDArray[np.float32], frame: Frame) -> FacePrediction:
        if not frame.still:
            probabilities = self._smoother.update(face.track_id, probabilities, frame.time_ns)
        best = int(probabilities.argmax())
        sure = bool(probabilities[best] >= self._min_confidence)
        pose = head_pose(face.landmarks)
        return FacePrediction(
            label=self.classifier.labels[best],
            probabilities=probabilities,
            status=FaceStatus.OK if sure else FaceStatus.LOW_CONFIDENCE,
            reasons=reasons(frame, face.landmarks, pose, sure),
            pose=pose,
            face=face,
        )


def _since(mark: int) -> tuple[int, int]:
    now = time.perf_counter_ns()
    return now - mark, now
