"""Pictures of any kind → frames for the detector."""

import cv2
import numpy as np
import pytest

from edge.core.errors import ConfigError
from evaluation import Preparation, prepare


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)


def test_scale_then_padding_by_the_border(picture):
    rgb = prepare(picture, scale=4, padding=0.25)
    assert rgb.shape == (288, 288, 3)
    assert rgb.dtype == np.uint8
    assert rgb.flags.c_contiguous
    inner = rgb[48:-48, 48:-48, 0]
    assert np.array_equal(inner, cv2.resize(picture, (192, 192), interpolation=cv2.INTER_CUBIC))
    assert (rgb[:48, 48:-48, 0] == inner[0]).all()
    assert (rgb[48:-48, -48:, 2] == inner[:, -1:]).all()


def test_nothing_to_do_leaves_the_pixels(picture):
    rgb = prepare(picture, scale=1, padding=0)
    assert np.array_equal(rgb, np.repeat(picture[:, :, None], 3, axis=2))


def test_colour_stays(picture):
    colour = np.dstack([picture, picture // 2, picture // 4])
    assert np.array_equal(prepare(colour, 1, 0), colour)


@pytest.mark.parametrize(
    ("shape", "scale", "padding", "expected"), [((20, 40), 1, 0.5, (60, 80)), ((1, 1), 4, 0.25, (6, 6))]
)
def test_margin_follows_the_longer_side(shape, scale, padding, expected):
    assert prepare(np.zeros(shape, np.uint8), scale, padding).shape == (*expected, 3)


@pytest.mark.parametrize(("side", "expected"), [(48, 192), (100, 400), (200, 512), (512, 512), (1000, 1000)])
def test_large_pictures_are_not_enlarged(side, expected):
    assert prepare(np.zeros((side, side), np.uint8), 4, 0).shape == (expected, expected, 3)


@pytest.mark.parametrize(
    "values", [{"scale": 0.5}, {"scale": float("nan")}, {"scale": 17}, {"padding": -0.1}, {"padding": 3}]
)
def test_settings_out_of_range(values):
    with pytest.raises(ConfigError, match="must be"):
        Preparation(**values)
