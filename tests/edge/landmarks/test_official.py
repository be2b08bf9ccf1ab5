"""Side by side with the official MediaPipe, where it is installed (scripts/test-mediapipe)."""

import importlib.util

import numpy as np
import pytest

from edge.core.errors import BackendError, ModelError
from edge.core.features import EYE_ANCHORS
from edge.landmarks.litert import LitertBackend
from edge.landmarks.mediapipe_mesh import FaceMeshBackend
from edge.landmarks.mediapipe_tasks import TasksBackend
from edge.sources import open_source

HAS_MEDIAPIPE = importlib.util.find_spec("mediapipe") is not None


def needs_mediapipe(test):
    """Mark a test that compares with the official package."""
    reason = "needs mediapipe (requirements-mediapipe.txt)"
    return pytest.mark.mediapipe(pytest.mark.skipif(not HAS_MEDIAPIPE, reason=reason)(test))


def _mesh(max_faces=1):
    try:
        return FaceMeshBackend(max_faces)
    except BackendError as error:
        pytest.skip(f"needs mp.solutions: {error}")


def _errors_percent(ours, official):
    """Mean distance over the outer-eye distance of each pair of faces, percent; pairs by position."""
    left, right = EYE_ANCHORS[468]
    by_x = [sorted(faces, key=lambda f: f.landmarks[:, 0].mean()) for faces in (ours, official)]
    errors = []
    for a, b in zip(*by_x, strict=True):
        points, expected = a.landmarks[:468, :2], b.landmarks[:468, :2]
        eyes = np.linalg.norm(expected[right] - expected[left])
        errors.append(100 * np.linalg.norm(points - expected, axis=1).mean() / eyes)
    return errors


@needs_mediapipe
@pytest.mark.parametrize("name", ["group.jpg", "angry.jpg", "happy-baby.jpg", "neutral.jpg", "surprised.jpg"])
def test_face_mesh_gives_the_same_landmarks(models, media, name):
    (frame,) = open_source(str(media / "stills" / name))
    # Windows onto the picture would find more faces than MediaPipe does.
    errors = _errors_percent(LitertBackend(models, 8).find(frame), _mesh(8).detect(frame))
    assert errors
    assert max(errors) <= 0.02


CLIPS = ["talking/*.mpg", "webcam/*.mkv", "headpose/*.gif"]


@needs_mediapipe
def test_tracking_gives_the_landmarks_of_face_mesh(models, media):
    """Mean over all frames of all clips; tiny rounding differences of one frame steer the next."""
    errors = []
    for path in sorted(path for pattern in CLIPS for path in media.glob(pattern)):
        ours, official = LitertBackend(models), _mesh()
        for frame in open_source(str(path)):
            a, b = ours.detect(frame), official.detect(frame)
            assert len(a) == len(b), f"{path.name} frame {frame.index}"
            errors += _errors_percent(a, b)
        official.close()
    assert len(errors) > 1000
    assert np.mean(errors) <= 0.05
    assert max(errors) <= 0.5


@needs_mediapipe
def test_the_tasks_backend_finds_the_same_face(models, media, portraits, make_frame):
    backend = TasksBackend(media.parent / "models" / "face_landmarker.task")
    (still,) = backend.detect(make_frame(portraits["astronaut"]))
    assert still.landmarks.shape == (478, 3)
    (ours,) = LitertBackend(models).detect(make_frame(portraits["astronaut"]))
    (error,) = _errors_percent([ours], [still])
    assert error < 10  # another model: near, not the same
    ids = set()
    for frame in open_source(str(media / "talking" / "bbaf2n.mpg")):
        faces = backend.detect(frame)
        assert len(faces) == 1
        ids.add(faces[0].track_id)
    assert len(ids) == 1
    backend.close()


@needs_mediapipe
@pytest.mark.parametrize("content", [None, b"", b"no task"])
def test_a_task_file_that_is_none_is_refused(tmp_path, portraits, make_frame, content):
    path = tmp_path / "face_landmarker.task"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"face_landmarker\.task"):
        TasksBackend(path).detect(make_frame(portraits["astronaut"]))


@pytest.mark.skipif(HAS_MEDIAPIPE, reason="mediapipe is installed")
def test_without_the_package_the_error_names_the_pip_line(tmp_path):
    with pytest.raises(BackendError, match=r"pip install -r requirements-mediapipe\.txt"):
        FaceMeshBackend()
    with pytest.raises(BackendError, match=r"pip install -r requirements-mediapipe\.txt"):
        TasksBackend(tmp_path)
