import io
import json

import numpy as np
import pytest

from edge.core.pose import Pose
from edge.core.types import Face, FacePrediction, FaceStatus, Prediction, Reason, Roi, StageTimings
from edge.sinks.jsonl import JsonlSink
from edge.sinks.live import LiveSink

POSE = Pose(1.23, -4.0, 0.0)


def _prediction(index=0, origin="a.png", faces=1, status=FaceStatus.OK, position_ns=None):
    landmarks = np.array([[10, 20, 0], [30, 60, 0], [15, 25, 5]], np.float32)
    face = Face(landmarks, 0.98765, Roi(20, 40, 60, 0), 4)
    probabilities = np.array([0.25, 0.75], np.float32)
    result = FacePrediction("happy", probabilities, status, (Reason.DARK,), POSE, face)
    timings = StageTimings(1_000_000, 20_000, 30_000, 5_000, 1_055_000, 2_000_000)
    return Prediction(
        (result,) * faces, ("sad", "happy"), index, origin, 640, 480, 498_000_000, position_ns, timings
    )


def test_a_line_has_the_documented_fields():
    stream = _File()
    JsonlSink(stream, epoch_s=lambda: 1000.0).write(_prediction(3))
    assert json.loads(stream.getvalue()) == {
        "schema": 2,
        "frame": 3,
        "source": "a.png",
        "time": 1000.498,
        "size": [640, 480],
        "faces": [
            {
                "id": 4,
                "label": "happy",
                "status": "ok",
                "reasons": ["dark"],
                "probabilities": {"sad": 0.25, "happy": 0.75},
                "presence": 0.9877,
                "box": [10.0, 20.0, 20.0, 40.0],
                "pose": {"yaw": 1.2, "pitch": -4.0, "roll": 0.0},
            }
        ],
        "ms": {
            "landmarks": 1.0,
            "features": 0.02,
            "classify": 0.03,
            "smooth": 0.005,
            "total": 1.055,
            "age": 2.0,
        },
    }


def test_a_frame_of_a_file_has_its_place_in_it_in_place_of_the_time():
    stream = _File()
    JsonlSink(stream, epoch_s=lambda: 1000.0).write(_prediction(position_ns=1_033_333_333))
    line = json.loads(stream.getvalue())
    assert line["position_s"] == 1.033333
    assert "time" not in line


class _File(io.StringIO):
    def __init__(self):
        super().__init__()
        self.flushes = 0

    def flush(self):
        self.flushes += 1

    def fileno(self):
        return 7


def test_each_line_is_flushed_and_close_closes_a_file():
    stream = _File()
    sink = JsonlSink(stream)
    for index in range(3):
        sink.write(_prediction(index, faces=0))
    assert stream.flushes == 3
    assert [json.loads(line)["frame"] for line in stream.getvalue().splitlines()] == [0, 1, 2]
    sink.close()
    assert stream.closed


class Kept(io.StringIO):
    """Keeps what was written when it is closed."""

    def close(self):
        self.text = self.getvalue()
        super().close()


class Terminal(Kept):
    def isatty(self):
        return True


class _Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_in_a_pipe_a_line_comes_once_a_second():
    stream, clock = Kept(), _Clock()
    sink = LiveSink(stream, clock)
    for index in range(31):
        clock.now = index / 10
        sink.write(_prediction(index, "cam"))
    sink.close()
    lines = stream.text.splitlines()
    assert [int(line.split("frame ")[1].split()[0]) for line in lines] == [0, 10, 20, 30]
    assert "10.0 fps" in lines[1]
    assert "happy 75%" in lines[1]


def test_each_picture_has_a_line_of_its_own():
    stream = io.StringIO()
    sink = LiveSink(stream, _Clock())
    for name in ("a.png", "b.png"):
        sink.write(_prediction(origin=name))
    assert [line.split()[0] for line in stream.getvalue().splitlines()] == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("prediction", "text"),
    [
        (_prediction(faces=0), "no face"),
        (_prediction(faces=2), "happy 75%, happy 75%"),
        (_prediction(status=FaceStatus.LOW_CONFIDENCE), "happy 75%?"),
    ],
)
def test_faces_read_well(prediction, text):
    stream = io.StringIO()
    LiveSink(stream, _Clock()).write(prediction)
    assert stream.getvalue().rstrip().endswith(text)


def test_in_a_terminal_the_line_is_rewritten_and_old_text_covered():
    stream, clock = Terminal(), _Clock()
    sink = LiveSink(stream, clock)
    sink.write(_prediction(faces=2))
    clock.now = 1.0
    sink.write(_prediction(1, faces=0))
    sink.close()
    first, second = stream.text.rstrip("\n").split("\r")[1:]
    assert len(second) >= len(first)
    assert stream.text.endswith("\n")


def test_in_a_terminal_the_line_of_another_picture_stays(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    sink = LiveSink(stream, _Clock())
    for name in ("a.png", "b.png"):
        sink.write(_prediction(origin=name, faces=4))
    sink.close()
    lines = stream.text.splitlines()
    assert [line.strip().split()[0] for line in lines if line.strip()] == ["a.png", "b.png"]
    assert max(len(line.strip("\r")) for line in lines) < 40
