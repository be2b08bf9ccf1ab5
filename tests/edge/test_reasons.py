"""What speaks against a label, on pictures in which it does."""

import cv2
import numpy as np
import pytest

from edge.build import build_pipeline
from edge.core.pose import Pose
from edge.core.types import Box, FaceStatus, Reason
from edge.reasons import MAX_TURN, reasons
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
def test_a_head_that_looks_aside(pose, turned, golden):
    landmarks = golden["astronaut"] * 512
    noise = np.random.default_rng(1).integers(0, 255, (512, 512, 3), np.uint8)
    found = reasons(noise, landmarks, Box(150, 50, 150, 200), pose, True)
    assert found == ((Reason.TURNED,) if turned else ())


@pytest.mark.parametrize("box", [Box(-90, 10, 50, 50), Box(600, 10, 50, 50), Box(10, 10, 0.5, 0.5)])
def test_a_face_beside_the_picture_has_no_light(box, golden):
    assert reasons(np.zeros((512, 512, 3), np.uint8), golden["astronaut"] * 512, box, AHEAD, True) == ()


def test_an_even_surface_is_not_blurred(golden):
    grey = np.full((512, 512, 3), 128, np.uint8)
    assert reasons(grey, golden["astronaut"] * 512, Box(150, 50, 150, 200), AHEAD, True) == ()
