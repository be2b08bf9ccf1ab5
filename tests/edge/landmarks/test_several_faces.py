"""Several faces in one single picture: windows onto it show those that the whole picture does not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge.core.features import EYE_ANCHORS
from edge.core.types import Roi
from edge.landmarks.detector import windows
from edge.landmarks.geometry import same_face
from edge.landmarks.litert import SURE_PRESENCE, LitertBackend, next_roi
from edge.sources.pictures import read_picture

GREY = np.full((800, 1200, 3), 128, np.uint8)
HEADS = {"astronaut": (slice(0, 250), slice(100, 350)), "grace_hopper": (slice(40, 440), slice(60, 460))}
"""Where the portraits show the head: squares."""
GROUP = (
    ("grace_hopper", 760, 330, 420, False),
    ("astronaut", 60, 60, 330, False),
    ("grace_hopper", 460, 40, 150, False),
    ("astronaut", 700, 90, 120, True),
    ("grace_hopper", 980, 60, 200, True),
    ("astronaut", 520, 420, 90, False),
    ("grace_hopper", 120, 520, 100, False),
    ("astronaut", 300, 560, 70, True),
)
"""Portrait, left, top, side in px, mirrored; the first is large enough to be seen in the whole picture."""
CROWD = (
    ("astronaut", 100, 100, 90, False),
    ("grace_hopper", 300, 100, 90, False),
    ("astronaut", 600, 400, 90, True),
    ("grace_hopper", 700, 400, 90, True),
    ("astronaut", 1050, 650, 90, False),
)
"""All of them too small for that."""


def _composed(portraits, places, canvas=GREY):
    picture = canvas.copy()
    for name, x, y, side, mirrored in places:
        head = cv2.resize(portraits[name][HEADS[name]], (side, side), interpolation=cv2.INTER_AREA)
        picture[y : y + side, x : x + side] = head[:, ::-1] if mirrored else head
    return picture


def _middles(faces):
    return [face.landmarks[:, :2].mean(axis=0) for face in faces]


def _places_of(faces, places):
    """For each face, the number of the head in whose square its middle lies."""
    return [
        next(
            number
            for number, (_, left, top, side, _) in enumerate(places)
            if left < x < left + side and top < y < top + side
        )
        for x, y in _middles(faces)
    ]


def _counted(backend):
    """Counts of runs of the two networks, kept from here on."""
    runs = {"detector": 0, "landmarks": 0}

    def counting(name, function):
        def run(*arguments, **keywords):
            runs[name] += 1
            return function(*arguments, **keywords)

        return run

    backend.detector.detect_in = counting("detector", backend.detector.detect_in)
    backend.landmark_model.run = counting("landmarks", backend.landmark_model.run)
    return runs


def test_every_face_of_a_group_is_found_once_and_in_the_same_order(models, portraits, make_frame):
    frame = make_frame(_composed(portraits, GROUP))
    backend = LitertBackend(models, max_faces=16)
    shown_by_whole_picture, faces = backend.find(frame), backend.detect(frame)
    assert 0 < len(shown_by_whole_picture) < len(GROUP)
    for found, expected in zip(faces, shown_by_whole_picture, strict=False):
        np.testing.assert_array_equal(found.landmarks, expected.landmarks)
    assert sorted(_places_of(faces, GROUP)) == list(range(len(GROUP)))
    assert len({face.track_id for face in faces}) == len(GROUP)
    for face in faces[1:]:
        assert min(face.presence, face.mirrored.presence) >= SURE_PRESENCE
    np.testing.assert_array_equal(_middles(faces), _middles(backend.detect(frame)))


def test_faces_that_are_all_too_small_for_the_whole_picture_are_found(models, portraits, make_frame):
    frame = make_frame(_composed(portraits, CROWD))
    backend = LitertBackend(models, max_faces=16)
    assert backend.find(frame) == []
    assert sorted(_places_of(backend.detect(frame), CROWD)) == list(range(len(CROWD)))


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_no_more_faces_than_wanted(models, portraits, make_frame, most):
    faces = LitertBackend(models, max_faces=most).detect(make_frame(_composed(portraits, GROUP)))
    assert len(faces) == most == len(set(_places_of(faces, GROUP)))


def test_windows_cost_nothing_where_one_face_is_wanted_or_enough_were_found(models, portraits, make_frame):
    pair = np.concatenate([portraits["astronaut"][:300, 80:380]] * 2, axis=1)
    for most, picture in ((1, portraits["astronaut"]), (1, pair), (2, pair)):
        backend = LitertBackend(models, max_faces=most)
        runs = _counted(backend)
        assert len(backend.detect(make_frame(picture))) == most
        assert runs == {"detector": 1, "landmarks": 2 * most}


def test_one_wanted_face_that_is_too_small_costs_no_windows_either(models, portraits, make_frame):
    backend = LitertBackend(models)
    runs = _counted(backend)
    backend.detect(make_frame(_composed(portraits, CROWD)))
    assert runs["detector"] <= 10  # passes over the picture, and over it restored


@pytest.mark.parametrize("name", sorted(HEADS))
def test_further_faces_that_are_not_there_have_a_bounded_cost(models, portraits, make_frame, name):
    rgb = portraits[name]
    (alone,) = LitertBackend(models).detect(make_frame(rgb))
    backend = LitertBackend(models, max_faces=8)
    runs = _counted(backend)
    (face,) = backend.detect(make_frame(rgb))
    np.testing.assert_array_equal(face.landmarks, alone.landmarks)
    assert runs["detector"] == 1 + len(list(windows(*rgb.shape[:2]))) <= 59
    assert runs["landmarks"] <= 12  # regions of the face that is known are not run again


def test_a_doubtful_face_between_two_people_gives_way_to_them(models, portraits, make_frame):
    places = [(name, x, 200, 250, False) for name, x in zip(HEADS, (300, 550), strict=True)]
    frame = make_frame(_composed(portraits, places))
    backend = LitertBackend(models, max_faces=8)
    one, other = backend.detect(frame)
    between = replace(one, presence=0.6, landmarks=one.landmarks + other.landmarks - (550, 325, 0))
    doubtful = replace(one, presence=0.6, landmarks=one.landmarks + np.float32(20))
    for found in ([between, doubtful], [doubtful], [doubtful, other]):
        backend.find = lambda _frame, found=found: found
        assert sorted(_places_of(backend.detect(frame), places)) == [0, 1]
    backend.find = lambda _frame: [replace(one, presence=0.6)]
    backend.detector.detect_in = lambda *_: []
    (kept,) = backend.detect(frame)  # nobody is there who is more certain
    assert kept.presence == 0.6


def test_a_face_that_windows_show_without_its_eyes_is_left_out(models, portraits, make_frame):
    picture = _composed(portraits, GROUP)
    backend = LitertBackend(models, max_faces=16)
    left, right = EYE_ANCHORS[468]
    for top in range(60, 150, 10):  # the picture's upper edge goes down through the faces there
        for face in backend.detect(make_frame(picture[top:]))[1:]:
            assert face.landmarks[[left, right], 1].min() >= 0


def test_textures_and_noise_have_no_faces(models, make_frame):
    backend = LitertBackend(models, max_faces=8)
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (400, 600, 3), np.uint8)
    blurred = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 6), None, 0, 255, cv2.NORM_MINMAX)
    bricks = GREY.copy()
    bricks[::40], bricks[:, ::90] = 60, 60
    for picture in (GREY, noise, blurred, bricks):
        assert backend.detect(make_frame(picture)) == []


def test_the_heads_without_their_faces_have_none(models, portraits, make_frame):
    picture = _composed(portraits, GROUP)
    backend = LitertBackend(models, max_faces=16)
    for face in backend.detect(make_frame(picture)):
        hull = cv2.convexHull(face.landmarks[:, :2].astype(np.int32))
        cv2.fillConvexPoly(picture, hull, (90, 110, 130))
    assert backend.detect(make_frame(picture)) == []


def test_all_whole_faces_of_a_real_group(models, media, make_frame):
    picture = read_picture(media / "stills" / "group.jpg")
    faces = LitertBackend(models, max_faces=8).detect(make_frame(picture))
    whole = np.array([(225, 330), (384, 92), (690, 140), (1020, 385)])
    assert len(faces) == len(whole)
    distances = np.linalg.norm(np.array(_middles(faces))[:, None] - whole, axis=2)
    assert sorted(distances.argmin(axis=1)) == [0, 1, 2, 3]
    assert distances.min(axis=1).max() < 40


@pytest.mark.parametrize(
    ("height", "width", "count"),
    [(512, 512, 58), (853, 1280, 41), (1080, 1920, 34), (1, 4000, 10), (1, 1, 58)],
)
def test_windows_cover_the_picture_with_overlap(height, width, count):
    found = list(windows(height, width))
    assert len(found) == count
    for side in {view.size for view in found}:
        for length, axis in ((width, "center_x"), (height, "center_y")):
            starts = [getattr(view, axis) - side / 2 for view in found if view.size == side]
            face = min(side / 2, length)  # one that is half as long as the window is whole in one of them
            for at in np.linspace(0, length - face, 50):
                assert any(start <= at and at + face <= start + side + 1e-6 for start in starts)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (Roi(100, 100, 100, 0), True),
        (Roi(140, 100, 100, 1), True),  # two views of one face
        (Roi(146, 100, 100, 0), False),  # cheek to cheek
        (Roi(120, 120, 20, 0), True),  # an eye, taken for a face
        (Roi(100, 40, 50, 0), False),  # a child on somebody's shoulders
        (Roi(100, 40, 200, 0), True),
    ],
)
def test_one_face_or_two_by_the_distance_of_their_regions(other, expected):
    assert same_face(Roi(100, 100, 100, 0), other) is expected
    assert same_face(other, Roi(100, 100, 100, 0)) is expected


def _beside(roi):
    """A region that overlaps the face's little, and yet shows the same face."""
    return replace(roi, center_x=roi.center_x + 0.5 * roi.size)


def test_regions_apart_with_the_landmarks_of_one_face_are_one_face(models, portraits, make_frame):
    backend = LitertBackend(models, max_faces=4)
    frame = make_frame(portraits["grace_hopper"])
    (face,) = backend.find(frame)
    roi = next_roi(face.landmarks)
    assert not same_face(roi, _beside(roi))
    (seen,) = backend.detect_in(frame, _beside(roi))
    assert same_face(roi, next_roi(seen.landmarks))
    backend.detector.detect = lambda *_: [roi]
    backend.detector.detect_in = lambda *_: [_beside(roi)]
    assert len(backend.detect(frame)) == 1  # in the windows
    backend.detector.detect = lambda *_: [roi, _beside(roi)]
    assert len(backend.find(frame)) == 1  # in the whole picture


def test_windows_end_when_enough_faces_were_found(models, portraits, make_frame):
    backend = LitertBackend(models, max_faces=2)
    runs = _counted(backend)
    picture = _composed(portraits, GROUP)
    assert len(backend.detect(make_frame(picture))) == 2
    assert runs["detector"] < len(list(windows(*picture.shape[:2]))) / 2


def test_windows_add_no_face_that_is_less_than_sure(models, portraits, make_frame):
    frame = make_frame(_composed(portraits, GROUP))
    backend = LitertBackend(models, max_faces=16)
    run = backend.landmark_model.run

    def less_sure(*arguments, **keywords):
        landmarks, presence = run(*arguments, **keywords)
        return landmarks, min(presence, 0.94)

    backend.landmark_model.run = less_sure
    assert len(backend.detect(frame)) == len(backend.find(frame))
