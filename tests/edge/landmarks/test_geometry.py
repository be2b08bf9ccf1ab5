import math

import cv2
import numpy as np
import pytest

from edge.core.types import Roi
from edge.landmarks.geometry import crop, crop_to_picture, iou, roi_around, whole_picture


@pytest.mark.parametrize("rotation", [0.0, 0.4, -2.5])
def test_the_crops_corners_are_the_regions_corners(rotation):
    roi = Roi(100.0, 80.0, 60.0, rotation)
    matrix = crop_to_picture(roi, 192)
    center = matrix @ (96, 96, 1)
    assert center == pytest.approx((100, 80))
    corner = matrix @ (192, 96, 1)
    assert corner == pytest.approx((100 + 30 * math.cos(rotation), 80 + 30 * math.sin(rotation)))


def test_an_upright_region_of_the_same_size_is_copied():
    picture = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    out = np.empty((32, 32, 3), np.uint8)
    crop(picture, crop_to_picture(Roi(40.0, 30.0, 32.0, 0.0), 32), out, cv2.BORDER_REPLICATE)
    np.testing.assert_array_equal(out, picture[14:46, 24:56])


@pytest.mark.parametrize(("border", "expected"), [(cv2.BORDER_REPLICATE, 200), (cv2.BORDER_CONSTANT, 0)])
def test_outside_of_the_picture_comes_the_border(border, expected):
    picture = np.full((20, 20, 3), 200, np.uint8)
    out = np.empty((16, 16, 3), np.uint8)
    crop(picture, crop_to_picture(Roi(-50.0, -50.0, 16.0, 0.0), 16), out, border)
    assert (out == expected).all()


def test_the_letterbox_holds_the_whole_picture():
    assert whole_picture(480, 640) == Roi(320, 240, 640, 0)


def test_a_region_is_square_half_as_large_again_and_level_with_the_eyes():
    roi = roi_around(10, 20, 50, 100, 3.0, 3.0)
    assert roi == Roi(30, 60, 120, pytest.approx(math.pi / 4))


def test_iou_of_the_same_half_and_no_overlap():
    a = Roi(0, 0, 10, 0)
    assert iou(a, a) == pytest.approx(1)
    assert iou(a, Roi(5, 0, 10, 1.0)) == pytest.approx(1 / 3)
    assert iou(a, Roi(10, 0, 10, 0)) == 0
