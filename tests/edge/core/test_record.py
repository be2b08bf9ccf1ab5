"""Records are what docs/reference/record.schema.json says, and cost nothing to import."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.core.pose import Pose
from edge.core.record import prediction_record, status_record
from edge.core.types import (
    Face,
    FacePrediction,
    FaceStatus,
    Prediction,
    Reason,
    SinkStats,
    StageTimings,
    Status,
)
from edge.stream.messages import MESH, encoded_mesh, hello

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((ROOT / "docs" / "reference" / "record.schema.json").read_text())

FACE = FacePrediction(
    label="happy",
    probabilities=np.array([0.25, 0.75], np.float32),
    status=FaceStatus.LOW_CONFIDENCE,
    reasons=tuple(Reason),
    pose=Pose(-12.345, 3.0, 170.0),
    face=Face(np.array([[-3.14159, 20, 0], [26.85841, 60, 5]], np.float32), 0.98765, None, 4),
)
PREDICTION = Prediction(
    faces=(FACE,),
    labels=("sad", "happy"),
    frame_index=3,
    origin="camera:0",
    width=640,
    height=480,
    time_ns=498_000_000,
    position_ns=None,
    timings=StageTimings(1_000_000, 20_000, 30_000, 5_000, 1_055_000, 2_000_000),
)
STATUS = Status(
    labels=("sad", "happy"),
    bundle="everyday",
    frames=10,
    fps=29.97,
    dropped=1,
    skipped=2,
    reopened=0,
    asleep=False,
    camera_lost=True,
    temperature_c=None,
    sinks={"jsonl": SinkStats(3, 1)},
)


@pytest.fixture(scope="module")
def validate():
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA).validate


def with_mesh() -> dict:
    """A record as the socket sends it to a reader that wants the mesh."""
    record = prediction_record(PREDICTION, 1000.0)
    record["faces"][0][MESH] = encoded_mesh(np.zeros((468, 3), np.float32), 640, 480)
    return record


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(prediction_record(PREDICTION, 1000.0), id="live"),
        pytest.param(prediction_record(replace(PREDICTION, position_ns=0), 1000.0), id="file"),
        pytest.param(prediction_record(replace(PREDICTION, faces=()), 1000.0), id="no face"),
        pytest.param(status_record(STATUS, 1000.5), id="status"),
        pytest.param(status_record(replace(STATUS, paused="reader"), 1000.5), id="paused"),
        pytest.param(hello("porch", "everyday", ("sad", "happy")), id="hello"),
        pytest.param(with_mesh(), id="mesh"),
    ],
)
def test_records_are_as_the_schema_says(validate, record):
    validate(json.loads(json.dumps(record, allow_nan=False)))


def test_the_schema_refuses_something_else(validate):
    import jsonschema

    with pytest.raises(jsonschema.ValidationError):
        validate(status_record(replace(STATUS, paused="nobody"), 7.0))
    for change in ({"faces": [{}]}, {"more": 1}, {"schema": 1}, {"position_s": 1.0}):
        with pytest.raises(jsonschema.ValidationError):
            validate(prediction_record(PREDICTION, 1000.0) | change)


def test_what_a_record_says():
    record = prediction_record(PREDICTION, 1000.0)
    assert record["time"] == 1000.498
    assert record["size"] == [640, 480]
    (face,) = record["faces"]
    assert face["reasons"] == ["unsure", "turned", "small", "dark", "blurred"]
    assert face["pose"] == {"yaw": -12.3, "pitch": 3.0, "roll": 170.0}
    assert face["box"] == [-3.1, 20.0, 30.0, 40.0]
    assert not {"device", "labels"} & status_record(STATUS, 7.0)["status"].keys()
    assert status_record(STATUS, 7.0)["status"]["sinks"] == {"jsonl": {"dropped": 3, "failures": 1}}


def test_it_is_imported_without_numpy(python):
    code = "import sys; import edge.core.record; sys.exit('numpy' in sys.modules or 'cv2' in sys.modules)"
    assert python("-c", code).returncode == 0
