from dataclasses import replace

import numpy as np
import pytest

from edge.build import build_pipeline, load_bundle
from edge.core.errors import ConfigError
from edge.core.types import Face, FaceStatus, Roi
from edge.head.classifier import TfliteClassifier
from edge.head.smoothing import ProbabilitySmoother
from edge.pipeline import Pipeline
from edge.settings import load_settings


class OneFace:
    """A backend that finds the landmarks it was given, in each frame."""

    def __init__(self, landmarks):
        self.landmarks = landmarks

    def detect(self, frame):
        return [Face(self.landmarks, 1.0, Roi(0, 0, 1, 0), 0)]

    def close(self):
        pass


@pytest.fixture(scope="module")
def classifier():
    return TfliteClassifier(load_bundle("landmarks"))


def test_a_picture_goes_all_the_way(models, portraits, make_frame):
    pipeline = build_pipeline(load_settings(None, {}))
    prediction = pipeline.process(make_frame(portraits["astronaut"], 7))
    (face,) = prediction.faces
    assert face.label == "happy"
    assert face.status is FaceStatus.OK
    assert prediction.frame_index == 7
    timings = prediction.timings
    parts = timings.landmarks_ns + timings.features_ns + timings.classify_ns + timings.smooth_ns
    assert 0 < parts == timings.total_ns < timings.age_ns
    pipeline.close()


def test_a_face_with_impossible_landmarks_is_left_out(classifier, make_frame):
    pipeline = Pipeline(OneFace(np.zeros((468, 3), np.float32)), classifier, ProbabilitySmoother(0))
    assert pipeline.process(make_frame(np.zeros((8, 8, 3), np.uint8))).faces == ()


def test_two_passes_give_their_mean(classifier, golden, make_frame):
    faces = [Face(golden[name] * (512, 512, 512), 1.0, None, 0) for name in ("astronaut", "grace_hopper")]
    backend = OneFace(None)
    frame = make_frame(np.zeros((8, 8, 3), np.uint8))
    pipeline = Pipeline(backend, classifier, ProbabilitySmoother(0))
    given = []
    for face in (*faces, replace(faces[0], mirrored=faces[1])):
        backend.detect = lambda _, face=face: [face]
        given.append(pipeline.process(frame).faces[0].probabilities)
    assert np.abs(given[0] - given[1]).max() > 0.05
    np.testing.assert_allclose(given[2], (given[0] + given[1]) / 2, atol=1e-6)
    assert given[2].dtype == np.float32


def test_smoothing_holds_back_a_sudden_change_but_not_in_stills(classifier, golden, make_frame):
    blank = np.zeros((8, 8, 3), np.uint8)
    backend = OneFace(golden["astronaut"] * 512)
    pipeline = Pipeline(backend, classifier, ProbabilitySmoother(100.0))
    (before,) = pipeline.process(make_frame(blank, 0, still=False)).faces
    backend.landmarks = golden["grace_hopper"] * (512, 600, 512)
    (after,) = pipeline.process(make_frame(blank, 1, still=False)).faces
    np.testing.assert_allclose(after.probabilities, before.probabilities, atol=0.001)
    (still,) = pipeline.process(make_frame(blank, 2)).faces
    assert np.abs(still.probabilities - before.probabilities).max() > 0.05


def test_a_bundle_that_needs_maps_and_a_backend_without_them():
    settings = load_settings(None, {"landmarks.backend": "mediapipe", "expression.bundle": "fer2013"})
    with pytest.raises(ConfigError, match=r"coarse_map and fine_map.* mediapipe does not give: use litert"):
        build_pipeline(settings)


def test_the_threshold_is_the_bundles_unless_the_settings_name_one(
    models, portraits, make_frame, monkeypatch
):
    frame = make_frame(portraits["astronaut"])
    bundle = load_bundle("fer2013")
    for threshold, status in ((0.0, FaceStatus.OK), (1.0, FaceStatus.LOW_CONFIDENCE)):
        changed = replace(bundle, min_confidence=threshold)
        monkeypatch.setattr("edge.build.load_bundle", lambda *_, changed=changed: changed)
        assert build_pipeline(load_settings(None, {})).process(frame).faces[0].status is status
    # That the settings go first: test_reasons.py.
