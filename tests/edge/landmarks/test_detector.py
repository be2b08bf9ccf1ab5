import numpy as np
import pytest

from edge.landmarks.detector import Detections, FaceDetector, decode, ssd_anchors, suppress


def test_the_anchors_are_those_of_mediapipe():
    anchors = ssd_anchors()
    assert anchors.shape == (896, 2)
    np.testing.assert_allclose(anchors[:3], [[1 / 32, 1 / 32], [1 / 32, 1 / 32], [3 / 32, 1 / 32]])
    np.testing.assert_allclose(anchors[512], [1 / 16, 1 / 16])
    np.testing.assert_allclose(anchors[-1], [15 / 16, 15 / 16])


def test_decoding_takes_what_scores_over_a_half_best_first():
    regressors = np.zeros((896, 16), np.float32)
    regressors[:, 2:4] = 32
    logits = np.full(896, -5, np.float32)
    logits[[3, 600]] = 1, 2
    regressors[3, 2] = 64
    found = decode(regressors, logits)
    assert found.scores.tolist() == [2, 1]
    x, y = ssd_anchors()[3]
    assert found.boxes[1] == pytest.approx([x - 0.25, y - 0.125, x + 0.25, y + 0.125])
    assert found.keypoints.shape == (2, 6, 2)


def test_boxes_without_area_are_dropped():
    logits = np.full(896, -5, np.float32)
    logits[0] = 3
    assert len(decode(np.zeros((896, 16), np.float32), logits).scores) == 0


def test_suppression_joins_what_overlaps_weighted_by_score():
    logit = np.log(3).astype(np.float32)  # probability 0.75
    candidates = Detections(
        np.array([logit, 0, 0], np.float32),
        np.array([[0, 0, 1, 1], [0.2, 0, 1.2, 1], [5, 5, 6, 6]], np.float32),
        np.stack([np.full((6, 2), v, np.float32) for v in (0, 1, 5)]),
    )
    found = suppress(candidates)
    assert found.scores == pytest.approx([logit, 0])
    assert found.boxes[0] == pytest.approx([0.08, 0, 1.08, 1])
    assert found.keypoints[0] == pytest.approx(np.full((6, 2), 0.4))
    assert found.boxes[1] == pytest.approx([5, 5, 6, 6])


def test_nothing_stays_nothing():
    empty = Detections(np.zeros(0, np.float32), np.zeros((0, 4), np.float32), np.zeros((0, 6, 2), np.float32))
    assert len(suppress(empty).scores) == 0


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 3000, 3), (480, 640, 3)])
def test_a_blank_picture_of_any_shape_has_no_face(models, shape):
    assert FaceDetector(models.detector, 1).detect(np.full(shape, 128, np.uint8)) == []
