"""Frame → Prediction, in two halves: the one path that the program runs and the benchmarks time."""

import logging
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.pose import head_pose
from edge.core.protocols import Classifier, LandmarkBackend
from edge.core.types import Face, FacePrediction, FaceStatus, Frame, Prediction, StageTimings
from edge.head.reasons import reasons
from edge.head.smoothing import ProbabilitySmoother

log = logging.getLogger(__name__)

_Inputs = list[NDArray[Any]]
"""An array for each input of the classifier."""


class Pipeline:
    """Landmarks, inputs of the classifier, classifier and smoothing, with the time of each stage."""

    def __init__(
        self,
        backend: LandmarkBackend,
        classifier: Classifier,
        smoother: ProbabilitySmoother,
        min_confidence: float = 0.0,
    ) -> None:
        """Put the parts together; ``close`` closes them.

        Args:
            backend: finds faces and landmarks, and gives the maps that the classifier takes.
            smoother: smooths the probabilities of tracked faces; not used for still frames.
            min_confidence: top probability, 0–1, below which a face gets LOW_CONFIDENCE.
        """
        self.backend = backend
        self.classifier = classifier
        self._smoother = smoother
        self._min_confidence = min_confidence

    def process(self, frame: Frame) -> Prediction:
        """The result for one frame: both halves, with their timings."""
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
        """The second half: the expressions of the faces of a frame, except those with impossible landmarks.

        Args:
            frame: the frame that shows the faces; results of a still frame are not smoothed.
            faces: the faces that ``detect`` gives, or others that lie in the frame.
        """
        return self._classify(frame, faces)[0]

    def close(self) -> None:
        """Close backend and classifier."""
        self.backend.close()
        self.classifier.close()

    def _classify(
        self, frame: Frame, faces: Sequence[Face]
    ) -> tuple[tuple[FacePrediction, ...], tuple[int, int, int]]:
        """The results, and the durations of inputs, classifier and the rest, ns."""
        mark = time.perf_counter_ns()
        prepared = [(face, passes) for face in faces if (passes := self._passes(face))]
        features_ns, mark = _since(mark)

        classified = [(face, self._probabilities(passes)) for face, passes in prepared]
        classify_ns, mark = _since(mark)

        results = tuple(self._result(face, probabilities, frame) for face, probabilities in classified)
        self._smoother.keep({result.face.track_id for result in results})
        smooth_ns, _ = _since(mark)
        return results, (features_ns, classify_ns, smooth_ns)

    def _passes(self, face: Face) -> list[_Inputs]:
        """The classifier's inputs from each pass over a face whose landmarks are possible."""
        passes = []
        for one_pass in (face, face.mirrored):
            if one_pass is None:
                continue
            try:
                passes.append([each.make(one_pass) for each in self.classifier.inputs])
            except ValueError as error:
                log.debug("skipped a pass over a face: %s", error)
        return passes

    def _probabilities(self, passes: list[_Inputs]) -> NDArray[np.float32]:
        """The mean of the probabilities of all passes."""
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
    """The time since ``mark``, and the present time, ns."""
    now = time.perf_counter_ns()
    return now - mark, now
