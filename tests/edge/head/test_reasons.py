"""What speaks against a label, on pictures in which it does."""

import cv2
import numpy as np
import pytest

from edge.build import build_pipeline
from edge.core.pose import Pose
from edge.core.types import FaceStatus, Reason
from edge.head.reasons import MAX_TURN, reasons
from edge.settings import load_settings

AHEAD = Pose(0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def pipeline(models):
    return build_pipeline(load_settings(None, {}))


def seen(pipeline, make_frame, rgb):
    (face,) = pipeline.process(make_frame(np.ascontiguousarray(rgb))).faces
    return set(face.reasons)


def test_a_good_portrait_has_none(pipeline, make_frame, portraits):
    assert seen(pipeline, make_frame, portraits["astronaut"]) == set()


def test_darkness(pipeline, make_frame, portraits):
    assert Reason.DARK in seen(pipeline, make_frame, (portraits["astronaut"] * 0.08).astype(np.uint8))


def test_blur(pipeline, make_frame, portraits):
    blurred = cv2.GaussianBlur(portraits["astronaut"], (0, 0), 5)
    assert Reason.BLURRED in seen(pipeline, make_frame, blurred)


def test_a_face_of_few_pixels(pipeline, make_frame, portraits):
    tiny = cv2.resize(portraits["astronaut"][20:240, 110:330], (28, 28), interpolation=cv2.INTER_AREA)
    assert Reason.SMALL in seen(pipeline, make_frame, tiny)


def test_uncertainty_is_low_confidence(models, make_frame, portraits):
    strict = build_pipeline(load_settings(None, {"expression.min_confidence": 1.0}))
    (face,) = strict.process(make_frame(portraits["astronaut"])).faces
    assert face.status is FaceStatus.LOW_CONFIDENCE
    assert face.reasons == (Reason.UNSURE,)


@pytest.mark.parametrize(
    ("pose", "turned"),
    [
        (AHEAD, False),
        (Pose(MAX_TURN, -MAX_TURN, 0), False),
        (Pose(MAX_TURN + 1, 0, 0), True),
        (Pose(0, -MAX_TURN - 1, 0), True),
        (Pose(0, 0, 170), False),  # crops are levelled
    ],
)
def test_a_head_that_looks_aside(pose, turned, golden, make_frame):
    noise = np.random.default_rng(1).integers(0, 255, (512, 512, 3), np.uint8)
    found = reasons(make_frame(noise), golden["astronaut"] * 512, pose, True)
    assert found == ((Reason.TURNED,) if turned else ())


@pytest.mark.parametrize("move", [(-900, 0), (900, 0), (0, -900), (0, 900)])
def test_a_face_beside_the_picture_has_no_light(move, golden, make_frame):
    landmarks = golden["astronaut"] * 512 + np.array([*move, 0], np.float32)
    assert reasons(make_frame(np.zeros((512, 512, 3), np.uint8)), landmarks, AHEAD, True) == ()


def test_an_even_surface_is_not_blurred(golden, make_frame):
    frame = make_frame(np.full((512, 512, 3), 128, np.uint8))
    assert reasons(frame, golden["astronaut"] * 512, AHEAD, True) == ()


def test_in_a_video_the_light_is_looked_at_where_the_label_is_unsure(golden, make_frame):
    black, landmarks = np.zeros((512, 512, 3), np.uint8), golden["astronaut"] * 512
    assert reasons(make_frame(black, still=False), landmarks, AHEAD, True) == ()
    assert reasons(make_frame(black, still=False), landmarks, AHEAD, False) == (Reason.UNSURE, Reason.DARK)
    assert reasons(make_frame(black), landmarks, AHEAD, True) == (Reason.DARK,)
