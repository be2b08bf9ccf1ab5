"""The texture of a face: where it is cut out, and how it is normalized."""

import math

import cv2
import numpy as np
import pytest

from edge.core.features import EYE_ANCHORS, MESH_POINTS
from edge.landmarks.geometry import crop, crop_to_picture
from edge.landmarks.landmark_model import SIDE as CROP_SIDE
from edge.landmarks.litert import LitertBackend
from edge.landmarks.models import find_models
from edge.landmarks.texture import BELOW_EYES, EYE_DISTANCES, NAME, REDUCTION, SIDE, normalized, texture


def spots(*places):
    """A grey picture with a bright spot of 3×3 px at each place."""
    picture = np.full((96, 96), 100, np.uint8)
    for x, y in places:
        picture[round(y) - 1 : round(y) + 2, round(x) - 1 : round(x) + 2] = 200
    return picture


def brightest(values):
    """(x, y) of the middle of what is bright."""
    rows, columns = np.nonzero(values[:, :, 0] > values.max() / 2)
    return columns.mean(), rows.mean()


@pytest.mark.parametrize("degrees", [0, 20, -35, 90])
def test_the_eyes_lie_in_the_same_places_however_the_head_is_tilted(degrees):
    angle = math.radians(degrees)
    dx, dy = 15 * math.cos(angle), 15 * math.sin(angle)
    left, right = (48 - dx, 48 - dy), (48 + dx, 48 + dy)
    y = SIDE * (0.5 - BELOW_EYES / EYE_DISTANCES)
    for eye, side in ((left, -1), (right, 1)):
        place = brightest(texture(spots(eye), left, right))
        assert place == pytest.approx((SIDE * (0.5 + side * 0.5 / EYE_DISTANCES), y), abs=1.0)


def test_mean_and_deviation():
    picture = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE), np.uint8)
    values = normalized(picture)
    assert (values.shape, values.dtype) == ((SIDE, SIDE, 1), np.float32)
    expected = (picture.astype(np.float64) - picture.mean()) / (picture.std() + 1)
    np.testing.assert_allclose(values[:, :, 0], expected, atol=1e-6)


@pytest.mark.parametrize("grey", [0, 7, 255])
def test_a_picture_of_one_grey_is_nothing(grey):
    assert not normalized(np.full((5, 5), grey, np.uint8)).any()


def test_light_and_contrast_change_nothing():
    picture = np.random.default_rng(0).integers(60, 120, (SIDE, SIDE), np.uint8)
    np.testing.assert_allclose(normalized(picture), normalized(2 * picture), atol=0.06)


@pytest.mark.parametrize("points", [((48, 48), (48, 48)), ((0, 0), (1e4, 1e4)), ((-50, 20), (-50, 21))])
def test_eyes_that_are_none_still_give_a_texture(points):
    values = texture(spots((48, 48)), *points)
    assert values.shape == (SIDE, SIDE, 1)
    assert np.isfinite(values).all()


def test_it_shows_the_face_that_the_landmark_network_saw(portraits, make_frame):
    """Cut out of the frame itself, in one step, it is the same within a few grey levels."""
    rgb = portraits["astronaut"]
    (face,) = LitertBackend(find_models(maps=(NAME,))).find(make_frame(rgb))
    matrix = crop_to_picture(face.roi, CROP_SIDE)
    whole = np.empty((CROP_SIDE, CROP_SIDE, 3), np.uint8)
    crop(rgb, matrix, whole, cv2.BORDER_REPLICATE)
    grey = cv2.cvtColor(whole, cv2.COLOR_RGB2GRAY)
    eyes = face.landmarks[[*EYE_ANCHORS[MESH_POINTS]], :2]
    in_crop = (eyes - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T / REDUCTION
    side = CROP_SIDE // REDUCTION
    small = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(face.maps[NAME], texture(small, *in_crop.tolist()), atol=0.05)


def test_the_mirrored_face_has_the_mirrored_texture(portraits, make_frame):
    (face,) = LitertBackend(find_models(maps=(NAME,))).detect(make_frame(portraits["astronaut"]))
    one, other = face.maps[NAME][:, :, 0], face.mirrored.maps[NAME][:, ::-1, 0]
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.95


def test_a_sharp_pattern_leaves_no_coarse_one_behind():
    """Stripes finer than the texture's pixels would come back as coarse ones, were they not reduced first."""
    stripes = np.array([255] + [0] * (REDUCTION - 1), np.uint8)
    crop_of_stripes = np.tile(stripes, (CROP_SIDE, CROP_SIDE // REDUCTION))
    side = CROP_SIDE // REDUCTION
    small = cv2.resize(crop_of_stripes, (side, side), interpolation=cv2.INTER_AREA)
    assert np.abs(texture(small, (30, 40), (65, 40))).max() < 1
