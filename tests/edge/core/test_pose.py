"""Angles of heads that were turned by known ones, and of real heads by sign and order."""

import math

import numpy as np
import pytest

from edge.build import build_pipeline, load_bundle
from edge.core.pose import head_pose
from edge.settings import load_settings
from edge.sources.video import VideoSource


def turned(face, yaw, pitch, roll):
    """A face (468, 3) after a roll, a pitch and a yaw; x points right, y down, z away from the camera."""
    y, p, r = (math.radians(angle) for angle in (yaw, pitch, roll))
    around_y = np.array([[math.cos(y), 0, -math.sin(y)], [0, 1, 0], [math.sin(y), 0, math.cos(y)]])
    around_x = np.array([[1, 0, 0], [0, math.cos(p), math.sin(p)], [0, -math.sin(p), math.cos(p)]])
    around_z = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    return face @ (around_y @ around_x @ around_z).T


@pytest.fixture(scope="module")
def frontal():
    """The mean face of the training pictures, its own small angles taken off, px."""
    mean, _ = load_bundle("landmarks").inputs[0].standardization
    face = mean.reshape(468, 3).astype(np.float64)
    pose = head_pose(face)
    assert max(map(abs, pose)) < 3  # people look into cameras, on average
    return turned(turned(turned(face, -pose.yaw, 0, 0), 0, -pose.pitch, 0), 0, 0, -pose.roll) * 80 + 300


@pytest.mark.parametrize(
    "angles",
    [
        (0, 0, 0),
        (25, 0, 0),
        (-60, 0, 0),
        (0, 20, 0),
        (0, -45, 0),
        (0, 0, 30),
        (0, 0, -170),
        (20, -15, 10),
        (-40, 30, 120),
    ],
)
def test_a_turn_is_measured(frontal, angles):
    for dtype in (np.float64, np.float32):
        assert head_pose(turned(frontal, *angles).astype(dtype)) == pytest.approx(angles, abs=0.3)


def test_irises_do_not_matter(frontal):
    assert head_pose(np.vstack([frontal, np.zeros((10, 3))])) == head_pose(frontal)


def test_points_in_one_place_are_no_error():
    assert head_pose(np.zeros((468, 3), np.float32)) == (0, 0, 0)


def test_a_real_head_that_turns_from_one_side_to_the_other(models, media):
    pipeline = build_pipeline(load_settings(None, {}))
    clip = VideoSource(media / "headpose" / "head-pose-face-detection-female.gif")
    yaws = {frame.index: face.pose.yaw for frame in clip for face in pipeline.process(frame).faces}
    assert max(yaws[index] for index in range(6)) < -30  # the nose points to the picture's left
    assert abs(yaws[9]) < 8
    assert min(yaws[index] for index in (12, 13, 14)) > 25
    assert all(yaws[index] < yaws[index + 1] for index in range(5, 12))
    assert all(yaws[index] > yaws[index + 1] for index in range(14, 22))
