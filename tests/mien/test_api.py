"""The public package, as a user's own script calls it."""

import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

import mien
from edge.core.types import Face as FoundFace
from mien import MienError, Recognizer, Video, draw

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "reference" / "record.schema.json").read_text())


@pytest.fixture(scope="module")
def astronaut(portrait_files) -> Path:
    return portrait_files[0]


@pytest.fixture(scope="module")
def recognizer(astronaut):
    with Recognizer(max_faces=2) as recognizer:
        yield recognizer


def run(code: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """As a script in a folder of the user's, with the project on Python's path behind it."""
    script = folder / "script.py"
    script.write_text(f"import sys\nsys.path.append({str(ROOT)!r})\n{code}")
    command = [sys.executable, str(script)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_importing_it_loads_nothing_heavy(tmp_path):
    code = (
        "import mien\nheavy = {'numpy', 'cv2', 'dacite', 'edge'} & set(sys.modules)\nassert not heavy, heavy"
    )
    result = run(code, tmp_path)
    assert result.returncode == 0, result.stderr


def test_a_package_of_the_same_name_in_the_callers_folder_is_not_taken(tmp_path):
    (tmp_path / "edge").mkdir()
    for name in ("edge/__init__.py", "evaluation.py", "train.py", "convert.py", "benchmarks.py"):
        (tmp_path / name).write_text("raise SystemExit('the wrong one')")
    result = run("from mien import Recognizer, Video, draw\nprint(Recognizer.__name__)", tmp_path)
    assert (result.returncode, result.stdout) == (0, "Recognizer\n"), result.stderr


def test_one_that_is_imported_already_is_named(tmp_path):
    (tmp_path / "edge.py").write_text("mine = 1")
    result = run("import edge\nfrom mien import Recognizer", tmp_path)
    assert "mien needs its own package 'edge', but" in result.stderr


def test_every_public_name_is_there():
    assert set(mien.__all__) <= set(dir(mien))
    for name in mien.__all__:
        assert getattr(mien, name).__doc__
    assert mien.__version__
    with pytest.raises(AttributeError, match="no attribute 'Recogniser'"):
        mien.Recogniser  # noqa: B018 (the access is the test)


def test_frames_of_a_video(recognizer):
    with Video("demo") as video:
        results = [recognizer(frame) for frame in islice(video, 5)]
    assert video.stats.skipped == 0
    assert {face.id for result in results for face in result} == {results[0].faces[0].id}
    for result in results:
        (face,) = result
        assert face.label == "happy"
        assert face.score == max(face.probabilities.values()) == face.probabilities[face.label]
        assert sum(face.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert tuple(face.probabilities) == recognizer.labels
        assert (face.status, face.reasons) == ("ok", ())
        assert (face.landmarks.shape, face.landmarks.dtype) == ((468, 3), np.float32)
        assert abs(face.pose.yaw) < 10
        assert 0 < face.box.x < face.box.x + face.box.width < 640
        assert result.milliseconds > 0


def test_a_path_and_its_pixels_are_the_same(recognizer, astronaut):
    bgr = cv2.imread(str(astronaut))
    results = [
        recognizer.predict(astronaut),
        recognizer.predict(str(astronaut)),
        recognizer.predict(bgr, color="bgr"),
        recognizer.predict(np.ascontiguousarray(bgr[:, :, ::-1]), color="rgb"),
        recognizer.predict(np.asfortranarray(bgr), color="bgr"),
    ]
    faces = [result.to_dict()["faces"] for result in results]
    for other in faces[1:]:
        assert [face | {"id": 0} for face in other] == [face | {"id": 0} for face in faces[0]]
    grey = recognizer.predict(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), color="bgr")
    assert grey.faces[0].label == "happy"


def test_arrays_of_a_video_are_tracked(recognizer, astronaut):
    bgr = cv2.imread(str(astronaut))
    first, second = (recognizer(bgr, color="bgr") for _ in range(2))
    assert first.faces[0].id == second.faces[0].id
    assert "time" in second.to_dict()


def test_no_face_is_an_empty_result(recognizer):
    result = recognizer.predict(np.zeros((48, 48, 3), np.uint8), color="rgb")
    assert (len(result), list(result), repr(result)) == (0, [], "Result(no face)")


def test_a_result_gives_the_record(recognizer, astronaut):
    record = recognizer.predict(astronaut).to_dict()
    pytest.importorskip("jsonschema").validate(json.loads(json.dumps(record)), SCHEMA)
    assert record["source"] == str(astronaut)


@pytest.mark.parametrize(
    ("picture", "color", "message"),
    [
        (np.zeros((4, 4, 3), np.uint8), None, "an array needs its color"),
        (np.zeros((4, 4, 3), np.uint8), "BGR", "an array needs its color"),
        (np.zeros((4, 4, 3), np.float32), "rgb", r"not float32 \(4, 4, 3\)"),
        (np.zeros((4, 4, 4), np.uint8), "rgb", r"not uint8 \(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), "rgb", r"not uint8 \(0, 4, 3\)"),
        ([[1, 2]], "rgb", "not list"),
        (None, "rgb", "not NoneType"),
        (np.zeros((1, 9000, 3), np.uint8), "rgb", r"not \(1, 9000, 3\): make it smaller"),
        ("absent.png", None, "absent.png"),
    ],
)
def test_what_is_no_picture_is_one_line(recognizer, picture, color, message):
    with pytest.raises(MienError, match=message) as raised:
        recognizer.predict(picture, color=color)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "options", [{"bundle": "absent"}, {"max_faces": 99}, {"backend": "absent"}, {"smoothing_s": "a"}]
)
def test_wrong_options_are_one_line(options):
    with pytest.raises(MienError) as raised:
        Recognizer(**options)
    assert "\n" not in str(raised.value)


def test_a_source_that_is_not_there():
    with pytest.raises(MienError, match=r"absent\.mp4"):
        Video("absent.mp4")
    with pytest.raises(MienError, match=r"camera\.rotate must be"):
        Video("demo", rotate=45)


def test_a_video_is_turned():
    with Video("demo", rotate=90) as video:
        assert next(iter(video)).rgb.shape == (640, 480, 3)


class OwnBackend:
    """Finds a face with these landmarks in every picture."""

    closed = False

    def __init__(self, landmarks):
        self.landmarks = landmarks

    def detect(self, frame):
        return [FoundFace(self.landmarks, 1.0, None, 7)]

    def close(self):
        self.closed = True


def test_a_backend_of_ones_own(recognizer, astronaut):
    (found,) = recognizer.predict(astronaut)
    backend = OwnBackend(found.landmarks)
    with Recognizer(backend=backend) as own:  # the default bundle is then "landmarks"
        (face,) = own.predict(np.zeros((512, 512, 3), np.uint8), color="rgb")
        assert (face.id, face.label) == (7, "happy")
    assert backend.closed
    with Recognizer("fer2013", backend=backend) as own, pytest.raises(MienError, match="gives no texture"):
        own.predict(astronaut)


@pytest.mark.parametrize(
    ("landmarks", "message"),
    [
        (np.zeros((68, 3), np.float32), r"gives landmarks \(68, 3\), expected \(468, 3\)"),
        (np.zeros((468, 2), np.float32), r"gives landmarks \(468, 2\)"),
        (np.full((468, 3), np.nan, np.float32), "no finite numbers"),
    ],
)
def test_what_a_backend_of_ones_own_gives_is_checked(landmarks, message):
    with Recognizer(backend=OwnBackend(landmarks)) as own, pytest.raises(MienError, match=message):
        own.predict(np.zeros((64, 64, 3), np.uint8), color="rgb")


def test_numbers_and_paths_of_any_kind(astronaut):
    shipped = ROOT / "edge" / "bundles" / "shipped" / "landmarks"
    with Recognizer(shipped, max_faces=np.int64(2), smoothing_s=np.float32(0.5)) as own:
        assert len(own.predict(astronaut)) == 1
    with pytest.raises(MienError, match="no bundle in"):
        Recognizer(Path("landmarks"))  # a folder of that name, which there is not


def test_a_path_is_for_predict(recognizer, astronaut):
    with pytest.raises(MienError, match=r"not a path: call predict\(\)"):
        recognizer(str(astronaut))


def test_a_frame_can_be_drawn_on(recognizer):
    with Video("demo") as video:
        frame = next(iter(video))
    assert (draw(frame, recognizer(frame)) != frame.rgb).any()


def test_drawing_leaves_the_picture_as_it_is(recognizer, astronaut):
    bgr = cv2.imread(str(astronaut))
    result, before = recognizer.predict(astronaut), bgr.copy()
    drawn = draw(bgr, result)
    assert np.array_equal(bgr, before)
    assert (drawn.shape, drawn.dtype) == (bgr.shape, np.uint8)
    x, y, width, height = (round(value) for value in result.faces[0].box)
    changed = (drawn != bgr).any(axis=2)
    assert changed[y : y + height, x : x + width].mean() > 0.02
    assert not changed[y + height + 10 :].any()
    assert (draw(bgr, result, mesh=False) != drawn).any()
    assert np.array_equal(draw(bgr, recognizer.predict(np.zeros_like(bgr), color="bgr")), bgr)
