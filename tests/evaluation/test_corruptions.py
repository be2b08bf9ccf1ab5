"""Damage to pictures, landmarks and face regions: as strong as the protocol says, and the same each time."""

import math

import cv2
import numpy as np
import pytest

from edge.core.features import EYE_ANCHORS, align
from edge.core.types import Roi
from evaluation.corruptions import (
    LANDMARKS,
    OCCLUSIONS,
    OF_FACES,
    OF_PICTURES,
    PICTURES,
    REGIONS_OF_INTEREST,
    SEVERITIES,
    SIDE,
    generator,
    make_frame,
    pictures,
)
from evaluation.corruptions.landmarks import (
    DRIFT_CORRELATION,
    DRIFT_FRAMES,
    laid_on,
    points_within,
)
from evaluation.corruptions.occlusions import GREY, SHADES, eye_distance, region_mask
from evaluation.corruptions.regions import MOUTH, OVAL, REGIONS

LEFT, RIGHT = EYE_ANCHORS[468]
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def scene():
    """A picture with edges, shades and colours: uint8 (200, 240, 3)."""
    y, x = np.indices((200, 240))
    rgb = np.stack([x, y, (x + y) // 2], axis=-1).astype(np.uint8)
    cv2.circle(rgb, (120, 100), 60, (200, 150, 90), -1)
    cv2.rectangle(rgb, (90, 80), (150, 90), (20, 20, 60), -1)
    return rgb


@pytest.fixture(scope="module")
def face():
    """Landmarks float32 (468, 3) of a made-up face of 80 px between the eyes, in a picture of 200×240."""
    points = np.full((468, 3), (120, 100, 0), np.float32)
    for number, index in enumerate(OVAL):
        angle = 2 * math.pi * number / len(OVAL)
        points[index, :2] = 120 + 60 * math.sin(angle), 100 - 80 * math.cos(angle)
    centres = {"eyes": ((95, 80), (145, 80)), "brows": ((95, 60), (145, 60)), "nose": ((120, 100),)}
    for region, middles in (centres | {"mouth": ((120, 135),)}).items():
        for piece, (x, y) in zip(REGIONS[region], middles, strict=True):
            for number, index in enumerate(piece):
                angle = 2 * math.pi * number / len(piece)
                points[index, :2] = x + 12 * math.cos(angle), y + 6 * math.sin(angle)
    points[LEFT, :2], points[RIGHT, :2] = (80, 80), (160, 80)
    return points


def damaged(name, severity, scene, face, index=0, seed=0):
    arguments = (scene,) if name in PICTURES else (scene, face)
    table = PICTURES if name in PICTURES else OCCLUSIONS
    return table[name](*arguments, severity=severity, rng=generator(seed, name, severity, index))


@pytest.mark.parametrize("name", OF_PICTURES)
def test_pictures_keep_their_shape_and_the_damage_grows(name, scene, face):
    before, distances = scene.copy(), []
    for severity in SEVERITIES:
        results = [damaged(name, severity, scene, face, index) for index in range(4)]
        for each in results:
            assert (each.shape, each.dtype, each.flags.c_contiguous) == (scene.shape, np.uint8, True)
        distances.append(np.abs(np.stack(results).astype(float) - scene).mean())
    assert 0 < distances[0] < distances[2] < distances[4]
    np.testing.assert_array_equal(scene, before)


@pytest.mark.parametrize("name", "gaussian_noise shot_noise impulse_noise motion_blur covered_patch".split())
def test_the_noise_depends_on_picture_and_seed_and_nothing_else(name, scene, face):
    first = damaged(name, 3, scene, face, index=7, seed=1)
    damaged(name, 3, scene, face, index=8, seed=1)
    np.testing.assert_array_equal(first, damaged(name, 3, scene, face, index=7, seed=1))
    assert (first != damaged(name, 3, scene, face, index=8, seed=1)).any()
    assert (first != damaged(name, 3, scene, face, index=7, seed=2)).any()


def test_noise_is_as_strong_as_it_says():
    grey = np.full((200, 200, 3), 128, np.uint8)
    noisy = pictures.gaussian_noise(grey, 0.08, np.random.default_rng(0)).astype(float)
    assert noisy.std() / 255 == pytest.approx(0.08, rel=0.02)
    shot = pictures.shot_noise(grey, 25, np.random.default_rng(0)).astype(float)
    assert shot.mean() == pytest.approx(128, rel=0.02)
    assert shot.std() / 255 == pytest.approx(math.sqrt(128 / 255 / 25), rel=0.05)
    impulses = pictures.impulse_noise(grey, 0.17, np.random.default_rng(0))
    assert (impulses == 255).mean() == pytest.approx(0.085, rel=0.05)
    assert (impulses == 0).mean() == pytest.approx(0.085, rel=0.05)


def test_light_and_contrast_are_exact_on_grey():
    grey = np.repeat(np.array([[[50]], [[150]]], np.uint8), 3, axis=2)
    assert pictures.light(grey, 0.1, RNG)[:, 0, 0].tolist() == [76, 176]
    assert pictures.light(grey, -0.2, RNG)[:, 0, 0].tolist() == [0, 99]
    assert pictures.contrast(grey, 0.4, RNG)[:, 0, 0].tolist() == [80, 120]


@pytest.mark.parametrize("blur", ["defocus_blur", "motion_blur"])
def test_blur_keeps_the_light(blur):
    point = np.zeros((101, 101, 3), np.uint8)
    point[40:61, 40:61] = 255
    for severity in SEVERITIES:
        result = PICTURES[blur](point, severity=severity, rng=np.random.default_rng(0))
        assert result.astype(float).sum() == pytest.approx(point.astype(float).sum(), rel=0.02)


def test_defocus_spreads_a_point_over_its_radius():
    point = np.zeros((41, 41, 3), np.uint8)
    point[20, 20] = 255
    y, x = np.nonzero(pictures.defocus_blur(point, (4, 0.1), RNG)[:, :, 0])
    assert np.hypot(y - 20, x - 20).max() == pytest.approx(4, abs=0.1)


def test_pixelation_makes_squares_of_one_colour(scene):
    picture = cv2.resize(scene, (SIDE, SIDE))
    squares = pictures.pixelate(picture, 28, RNG).reshape(28, 8, 28, 8, 3)
    assert (squares == squares[:, :1, :, :1]).all()
    means = picture.reshape(28, 8, 28, 8, 3).mean(axis=(1, 3))
    assert np.abs(squares[:, 0, :, 0] - means).max() <= 1


def test_rotation_is_to_either_side(scene):
    turned = [PICTURES["rotation"](scene, severity=5, rng=generator(0, "rotation", 5, i)) for i in range(8)]
    assert len(np.unique([result.tobytes() for result in turned])) == 2


@pytest.mark.parametrize("region", REGIONS)
def test_an_occlusion_covers_exactly_its_region(region, scene, face):
    covered = damaged(f"covered_{region}", 1, np.full_like(scene, 77), face)
    mask = (covered != 77).any(axis=2)
    assert (covered[mask] == SHADES[region]).all()
    expected = np.zeros(mask.shape, np.uint8)
    for piece in REGIONS[region]:
        hull = cv2.convexHull(np.rint(face[list(piece), :2]).astype(np.int32))
        cv2.fillConvexPoly(expected, hull, 1)
    np.testing.assert_array_equal(mask, expected.astype(bool))
    # Every point of the region is under it, those of others are not.
    for other, pieces in REGIONS.items():
        x, y = np.rint(face[[i for piece in pieces for i in piece], :2]).astype(int).T
        assert mask[y, x].all() if other == region else not mask[y, x].any()


def test_an_occlusion_grows_by_outer_eye_distances(face):
    shape = (200, 240)
    clean, grown = (region_mask(shape, face, "eyes", margin) for margin in (0, 0.1))
    assert np.nonzero(clean.any(axis=0))[0].min() - np.nonzero(grown.any(axis=0))[0].min() == 8  # of 80 px
    mask = region_mask(shape, face, "mouth", 2.0)
    outline = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(outline, np.rint(face[list(OVAL), :2]).astype(np.int32), 1)
    np.testing.assert_array_equal(mask, outline.astype(bool))  # a mask ends where the face does


def test_halves_meet_in_the_middle_of_the_face(scene, face):
    blank = np.full_like(scene, 77)
    left, right = (
        (damaged(name, 5, blank, face) == GREY).all(axis=2) for name in ("covered_left", "covered_right")
    )
    assert np.nonzero(left.any(axis=0))[0].max() == np.nonzero(right.any(axis=0))[0].min() == 120
    assert left.sum() == pytest.approx(right.sum(), rel=0.02)


def test_a_patch_has_its_share_of_the_box_around_the_face(scene, face):
    blank = np.full_like(scene, 77)
    low, high = face[list(OVAL), :2].min(axis=0), face[list(OVAL), :2].max(axis=0)
    for severity, share in zip(SEVERITIES, (0.1, 0.2, 0.3, 0.4, 0.5), strict=True):
        mask = (damaged("covered_patch", severity, blank, face, index=severity) == GREY).all(axis=2)
        assert mask.sum() / np.prod(high - low) == pytest.approx(share, rel=0.06)
        y, x = np.nonzero(mask)
        assert (x.min(), y.min()) >= tuple(low - 1)
        assert x.max() <= high[0] + 1
        assert y.max() <= high[1] + 1


def test_occlusions_outside_of_the_picture_are_cut_off(scene, face):
    for name in OCCLUSIONS:
        result = damaged(name, 5, scene, face - np.float32([100, 60, 0]))
        assert result.shape == scene.shape


def noisy(name, severity, face, index=0):
    return LANDMARKS[name](face, align(face), severity=severity, rng=generator(0, name, severity, index))


@pytest.mark.parametrize(("severity", "sigma"), [(1, 0.005), (2, 0.01), (3, 0.02), (4, 0.03), (5, 0.05)])
def test_jitter_has_its_standard_deviation_in_eye_distances(severity, sigma, face):
    (moved,) = noisy("jitter", severity, face)
    assert moved.dtype == np.float32
    offsets = (moved - face) / eye_distance(face)
    assert offsets.std(axis=0) == pytest.approx([sigma] * 3, rel=0.15)
    assert offsets.mean() == pytest.approx(0, abs=sigma / 5)


def test_drift_is_jitter_in_each_frame_and_correlated_between_them(face):
    frames = noisy("drift", 4, face)
    assert len(frames) == DRIFT_FRAMES
    offsets = np.array([(points - face) / eye_distance(face) for points in frames])
    assert offsets.std(axis=(1, 2)) == pytest.approx([0.03] * DRIFT_FRAMES, rel=0.1)
    next_to = np.corrcoef(offsets[:-1].ravel(), offsets[1:].ravel())[0, 1]
    assert next_to == pytest.approx(DRIFT_CORRELATION, abs=0.02)
    far = np.corrcoef(offsets[0].ravel(), offsets[-1].ravel())[0, 1]
    assert far == pytest.approx(DRIFT_CORRELATION ** (DRIFT_FRAMES - 1), abs=0.08)


@pytest.mark.parametrize("region", REGIONS)
def test_lost_points_are_those_of_the_mean_face(region, face):
    mean_face = np.random.default_rng(3).normal(0, 1, (468, 3)).astype(np.float32)
    on_face = laid_on(mean_face, face)
    before: set[int] = set()
    for severity in SEVERITIES:
        rng = generator(0, f"lost_{region}", severity, 0)
        (result,) = LANDMARKS[f"lost_{region}"](face, mean_face, severity=severity, rng=rng)
        gone = np.flatnonzero((result != face).any(axis=1))
        np.testing.assert_array_equal(result[gone], on_face[gone])
        assert {i for piece in REGIONS[region] for i in piece} - {LEFT, RIGHT} <= set(gone)
        assert before <= set(gone)
        before = set(gone)
    assert not before & {LEFT, RIGHT}
    assert len(before) < 468


def test_points_are_lost_within_a_margin_of_eye_distances(face):
    face = face.copy()
    lowest = face[list(MOUTH), 1].max()
    face[[5, 6], 0], face[5, 1], face[6, 1] = 120, lowest + 7, lowest + 9  # of 80 px between the eyes
    inside = points_within(face, "mouth", 0.1)
    assert inside[list(MOUTH)].all()
    assert (inside[5], inside[6]) == (True, False)


def test_a_mean_face_is_laid_on_by_the_eyes(face):
    turned = face @ np.array([[0.8, 0.6, 0], [-0.6, 0.8, 0], [0, 0, 1]], np.float32)
    np.testing.assert_allclose(laid_on(align(turned), turned), turned, atol=1e-3)


def test_regions_move_as_far_as_they_say():
    roi = Roi(100, 80, 50, 0.1)
    for index in range(5):

        def moved(name, severity, index=index):
            return REGIONS_OF_INTEREST[name](roi, severity=severity, rng=generator(0, name, severity, index))

        shifted, scaled, turned = moved("roi_shift", 2), moved("roi_scale", 5), moved("roi_rotation", 5)
        assert math.hypot(shifted.center_x - 100, shifted.center_y - 80) == pytest.approx(0.06 * 50)
        assert abs(math.log(scaled.size / 50)) == pytest.approx(math.log(1.5))
        assert abs(turned.rotation - 0.1) == pytest.approx(math.radians(30))
        assert (shifted.size, scaled.center_x, turned.size) == (50, 100, 50)


def test_every_corruption_has_five_constants():
    tables = {**PICTURES, **OCCLUSIONS, **LANDMARKS, **REGIONS_OF_INTEREST}
    assert tuple(tables) == (*OF_PICTURES, *OF_FACES)
    assert {len(corruption.constants) for corruption in tables.values()} == {len(SEVERITIES)}


@pytest.mark.parametrize("shape", [(48, 48), (300, 600, 3), (1, 9)])
def test_frames_have_one_size(shape):
    frame = make_frame(np.full(shape, 200, np.uint8))
    margin = math.floor(0.3 * SIDE + 0.5)
    assert max(frame.shape) == SIDE + 2 * margin
    assert frame.shape[2] == 3
    assert (frame == 200).all()
