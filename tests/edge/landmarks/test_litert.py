import math

import cv2
import numpy as np
import pytest

from edge.core.errors import BackendError
from edge.core.features import EYE_ANCHORS, align
from edge.core.types import Roi
from edge.landmarks.detector import DetectionAttempt, FaceDetector
from edge.landmarks.landmark_model import LandmarkModel
from edge.landmarks.litert import LitertBackend, next_roi
from edge.landmarks.models import TAPS, FaceModels, find_models
from edge.landmarks.restoration import restore
from edge.sources import open_source
from edge.sources.pictures import read_picture


def _error_percent(landmarks, golden):
    """Mean distance in x and y over the outer-eye distance, percent."""
    left, right = EYE_ANCHORS[468]
    eyes = np.linalg.norm(golden[right, :2] - golden[left, :2])
    return 100 * np.linalg.norm((landmarks - golden)[:, :2], axis=1).mean() / eyes


@pytest.mark.parametrize("name", ["astronaut", "grace_hopper"])
def test_landmarks_are_those_of_the_official_face_mesh(models, portraits, golden, make_frame, name):
    rgb = portraits[name]
    (face,) = LitertBackend(models).detect(make_frame(rgb))
    height, width = rgb.shape[:2]
    expected = golden[name] * np.array([width, height, width], np.float32)
    assert _error_percent(face.landmarks, expected) <= 0.02
    assert np.abs(face.landmarks[:, 2] - expected[:, 2]).max() < 0.1
    assert face.landmarks.dtype == np.float32
    assert face.presence > 0.9


def test_tracking_follows_a_face_and_keeps_its_id(models, portraits, make_frame):
    backend = LitertBackend(models)
    rgb = portraits["astronaut"]
    ids, centers = [], []
    for index in range(12):
        shifted = np.roll(rgb, 4 * index, axis=1)
        (face,) = backend.detect(make_frame(shifted, index, still=False))
        assert face.mirrored is None  # one pass, unlike a face of a still frame
        ids.append(face.track_id)
        centers.append(face.landmarks[:, 0].mean())
    assert len(set(ids)) == 1
    np.testing.assert_allclose(np.diff(centers), 4, atol=0.6)


def test_a_profiler_that_keeps_what_functions_used_does_no_harm(models, portraits, make_frame, watched):
    """An interpreter refuses to run while an array of its memory is in anybody's hands."""
    backend = LitertBackend(find_models(maps=TAPS))
    for index in range(2):
        assert len(backend.detect(make_frame(portraits["astronaut"]))) == 1
        backend.detect(make_frame(portraits["astronaut"], index, still=False))


def test_a_picture_that_cannot_be_cut_does_not_stop_the_next_one(models, portraits, make_frame):
    model, roi = LandmarkModel(models.landmarker, 1), Roi(256.0, 256.0, 300.0, 0.0)
    with pytest.raises(cv2.error) as kept:
        model.run(np.empty((0, 0, 3), np.uint8), roi)
    landmarks, _ = model.run(portraits["astronaut"], roi)
    assert np.isfinite(landmarks).all()
    assert kept.tb is not None  # it holds the frames that failed


def test_while_a_face_is_tracked_the_detector_rests(models, portraits, make_frame):
    backend = LitertBackend(models)
    rgb = portraits["astronaut"]
    backend.detect(make_frame(rgb, 0, still=False))
    # From here on the only way to the face is the track: the detector would give nothing.
    backend.detector.detect = lambda _rgb: pytest.fail("the detector ran")
    assert len(backend.detect(make_frame(rgb, 1, still=False))) == 1


def test_a_lost_face_is_found_again_with_a_new_id(models, portraits, make_frame):
    backend = LitertBackend(models)
    rgb, blank = portraits["astronaut"], np.zeros((512, 512, 3), np.uint8)
    (before,) = backend.detect(make_frame(rgb, 0, still=False))
    assert backend.detect(make_frame(blank, 1, still=False)) == []
    (after,) = backend.detect(make_frame(rgb, 2, still=False))
    assert after.track_id != before.track_id


def test_a_face_whose_tracks_were_forgotten_is_another_one(models, portraits, make_frame):
    backend = LitertBackend(models)
    (before,) = backend.detect(make_frame(portraits["astronaut"], 0, still=False))
    backend.forget_tracks()
    (after,) = backend.detect(make_frame(portraits["astronaut"], 0, still=False))
    assert after.track_id != before.track_id
    backend.restart()
    (first,) = backend.detect(make_frame(portraits["astronaut"], 0, still=False))
    assert first.track_id == before.track_id == 0


def test_a_still_frame_neither_uses_nor_leaves_tracks(models, portraits, make_frame):
    backend = LitertBackend(models)
    (first,) = backend.detect(make_frame(portraits["astronaut"]))
    (again,) = backend.detect(make_frame(portraits["astronaut"]))
    np.testing.assert_array_equal(first.landmarks, again.landmarks)
    assert first.track_id != again.track_id
    (other,) = backend.detect(make_frame(portraits["grace_hopper"]))
    assert abs(other.landmarks[:, 0].mean() - first.landmarks[:, 0].mean()) > 10


def test_a_still_face_is_passed_over_once_more_mirrored(models, portraits, make_frame):
    backend = LitertBackend(models)
    rgb = portraits["astronaut"]
    (face,) = backend.detect(make_frame(rgb))
    roi = next_roi(face.landmarks)
    mirrored_picture = np.ascontiguousarray(rgb[:, ::-1])
    mirrored_roi = Roi(rgb.shape[1] - roi.center_x, roi.center_y, roi.size, -roi.rotation)
    (expected,) = backend.detect_in(make_frame(mirrored_picture), mirrored_roi)
    assert face.mirrored.roi == roi
    assert face.mirrored.mirrored is None
    assert face.mirrored.presence == pytest.approx(expected.presence, abs=0.01)
    seen, wanted = align(face.mirrored.landmarks), align(expected.landmarks)
    assert np.abs(seen - wanted).max() < 0.02
    assert np.abs(seen - align(face.landmarks)).max() > 0.03  # she is not symmetric


def test_two_faces_are_two_and_never_the_same_one_twice(models, portraits, make_frame):
    rgb = portraits["astronaut"][:300, 80:380]
    pair = np.concatenate([rgb, rgb[:, ::-1]], axis=1)
    backend = LitertBackend(models, max_faces=4)
    for index in range(5):
        faces = backend.detect(make_frame(pair, index, still=False))
        xs = sorted(face.landmarks[:, 0].mean() for face in faces)
        assert len(xs) == 2
        assert xs[1] - xs[0] > 150
    assert {face.track_id for face in faces} == {0, 1}
    assert len(LitertBackend(models, max_faces=1).detect(make_frame(pair))) == 1


@pytest.mark.parametrize("half", [60, 80])
def test_a_further_attempt_finds_a_face_that_fills_the_picture(models, portraits, make_frame, half):
    frame = make_frame(portraits["grace_hopper"][200 - half : 200 + half, 256 - half : 256 + half])
    assert FaceDetector(models.detector, 1).detect(frame.rgb) == []
    (face,) = LitertBackend(models).detect(frame)
    left, right = (face.landmarks[index, :2] for index in EYE_ANCHORS[468])
    assert np.linalg.norm(right - left) > half / 3


@pytest.mark.parametrize("degrees", [0, 40, -100])
def test_a_tilted_view_finds_the_same_region(models, portraits, degrees):
    detector = FaceDetector(models.detector, 1)
    rgb = portraits["astronaut"]
    turn = cv2.getRotationMatrix2D((256, 256), -degrees, 1)  # OpenCV counts the other way
    (roi,) = detector.detect(
        cv2.warpAffine(rgb, turn, (512, 512)), DetectionAttempt(rotation=math.radians(degrees))
    )
    (upright,) = detector.detect(rgb)
    assert turn[:, :2] @ (upright.center_x, upright.center_y) + turn[:, 2] == pytest.approx(
        (roi.center_x, roi.center_y), abs=3
    )
    assert roi.size == pytest.approx(upright.size, rel=0.05)
    assert roi.rotation - upright.rotation == pytest.approx(math.radians(degrees), abs=0.05)


def test_pictures_without_a_face_have_none_in_further_attempts_either(models, media, make_frame):
    backend = LitertBackend(models, max_faces=4)
    picture = read_picture(media / "stills" / "no-face.jpg")
    height, width = picture.shape[:2]
    views = [
        picture[y : y + 300, x : x + 300]
        for y in range(0, height - 299, 300)
        for x in range(0, width - 299, 300)
    ]
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    for view in [picture, *views, noise, cv2.GaussianBlur(noise, (0, 0), 8)]:
        assert backend.detect(make_frame(view)) == []


def test_a_known_region_needs_nodetector(models, portraits, make_frame):
    backend = LitertBackend(models)
    frame = make_frame(portraits["astronaut"])
    (found,) = backend.detect(frame)
    (given,) = backend.detect_in(frame, found.roi)
    np.testing.assert_array_equal(given.landmarks, found.landmarks)
    assert backend.detect_in(make_frame(np.zeros((512, 512, 3), np.uint8)), found.roi) == []


@pytest.mark.parametrize("data", [b"", b"not a model", b"\x00" * 5000])
def test_bytes_that_are_no_model_are_refused_in_one_line(models, data):
    with pytest.raises(BackendError, match="refuses the face detector") as caught:
        LitertBackend(FaceModels(data, models.landmarker))
    assert "\n" not in str(caught.value)


def test_faces_in_the_stills(models, media, make_frame):
    backend = LitertBackend(models, max_faces=8)
    counts = {
        path.name: len(backend.detect(make_frame(read_picture(path))))
        for path in sorted((media / "stills").iterdir())
    }
    assert counts.pop("group.jpg") == 4
    assert counts.pop("no-face.jpg") == 0
    assert set(counts.values()) == {1}


def test_every_frame_of_a_clip_has_a_face(models, media):
    backend = LitertBackend(models)
    faces = [backend.detect(frame) for frame in open_source(str(media / "talking" / "bbaf2n.mpg"))]
    assert [len(found) for found in faces] == [1] * 75
    assert {face.track_id for (face,) in faces} == {0}


@pytest.mark.parametrize("damage", ["noise", "contrast"])
def test_a_face_that_noise_or_grey_hides_is_found_in_the_picture_restored(
    models, portraits, make_frame, damage
):
    portrait = portraits["grace_hopper"]
    picture = portrait.astype(np.float32)
    if damage == "noise":
        picture += np.random.default_rng(0).normal(0, 250, picture.shape)
    else:
        picture = 0.03 * (picture - picture.mean()) + picture.mean()
    frame = make_frame(picture.clip(0, 255).astype(np.uint8))
    backend = LitertBackend(models)
    (clean,) = backend.detect(make_frame(portrait))
    assert backend.find(frame) == []  # as it is
    (face,) = backend.detect(frame)
    assert face.mirrored is not None
    assert _error_percent(face.landmarks, clean.landmarks) < 20


def test_a_restored_picture_has_its_full_range_and_less_noise():
    rng = np.random.default_rng(0)
    picture = rng.normal(120, 4, (300, 1000, 3)).clip(0, 255).astype(np.uint8)
    picture[:, 500:] += 20
    before = picture.copy()
    result = restore(picture)
    np.testing.assert_array_equal(picture, before)
    assert (result.dtype, result.shape) == (np.uint8, picture.shape)
    assert (result.min(), result.max()) == (0, 255)
    step = result[:, 600:].mean() - result[:, :400].mean()
    assert step > 20 * result[50:250, 50:400].std()  # 5 times before
    assert np.ptp(restore(np.full((50, 50, 3), 90, np.uint8))) == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 8192), (8192, 1), (2, 3000), (3, 700), (640, 1)])
def test_a_thin_picture_has_no_face(models, make_frame, shape):
    backend = LitertBackend(models, max_faces=4)
    noise = np.random.default_rng(1).integers(0, 255, (*shape, 3), np.uint8)
    for still in (True, False):
        assert backend.detect(make_frame(noise, still=still)) == []
