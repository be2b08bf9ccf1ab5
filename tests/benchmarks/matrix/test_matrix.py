"""``mien benchmark matrix`` with a few frames: what runs, what cannot, and what is said about it."""

import os
import re
import signal
import sys
from contextlib import closing

import numpy as np
import pytest

from benchmarks.matrix import matrix, worker
from benchmarks.workers import process
from benchmarks.workers.process import Worker
from edge.build import load_bundle
from edge.core.errors import BackendError
from edge.core.runtime import make_interpreter
from edge.landmarks.models import find_models

KEYS = {"environment", "kind", *matrix.FACTS, "reason", "n", "ms", "against", "ratio"}


@pytest.fixture
def quick(benchmark_json, portraits):
    """Run the smallest matrix, with more flags."""

    def run(*flags: object):
        return benchmark_json("matrix", "--rounds", 2, "--frames", 3, "--bundle", "landmarks", *flags)

    return run


def ran(result):
    return [line for line in result["configurations"] if line["reason"] is None]


def test_configurations_are_compared_with_the_first_of_their_kind(quick, capsys):
    result = quick("--landmarks", "litert", "--threads", 1, 2)
    assert all(set(line) == KEYS for line in result["configurations"])
    lines = ran(result)
    assert [line["kind"] for line in lines][:4] == ["frame", "frame", "invoke", "invoke"]
    assert lines[-1]["kind"] == "head"
    for place, line in enumerate(result["configurations"]):
        if line["reason"] is None:
            assert line["n"] == 6
            assert 0 < line["ms"]["p50"] <= line["ms"]["p99"] <= line["ms"]["max"]
            assert line["ratio"]["p10"] <= line["ratio"]["p50"] <= line["ratio"]["p90"]
            assert result["configurations"][line["against"]]["kind"] == line["kind"]
        if line["against"] == place:
            assert line["ratio"] == {"p50": 1.0, "p10": 1.0, "p90": 1.0}
    frames = [line for line in lines if line["kind"] == "frame"]
    assert [(line["landmarks"], line["bundle"], line["threads"]) for line in frames] == [
        ("litert", "landmarks", 1),
        ("litert", "landmarks", 2),
    ]
    printed = capsys.readouterr().out
    assert "\nlitert, landmarks, 2 threads  " in printed
    assert "\nlandmarks, model.tflite, 1 thread  " in printed
    assert (result["kind"], result["rounds"], result["frames"]) == ("matrix", 2, 3)
    (environment,) = result["environments"]
    assert environment["executable"] == sys.executable
    assert environment["error"] is None
    assert "threads" not in environment
    assert environment["runtime"]["version"]
    assert environment["delegate"] == "XNNPACK"
    assert set(result) > {"temperature_c", "throttled", "seconds", "skipped", "schema", "command"}
    assert result["bundles"]["landmarks"]["name"] == "landmarks"
    assert any("rounds are few" in warning for warning in result["warnings"])


def test_what_cannot_run_is_reported_with_its_reason(quick, tmp_path, capsys):
    result = quick(
        *("--landmarks", "litert", "mediapipe-tasks", "--threads", 1),
        *("--python", tmp_path / "python", "/bin/false"),
    )
    assert ran(result)
    reasons = {
        line["environment"]: line["reason"]
        for line in result["configurations"]
        if line["landmarks"] == "mediapipe-tasks"
    }
    assert "face_landmarker.task" in reasons[0]
    assert reasons[1] == result["environments"][1]["error"] == "No such file or directory"
    assert reasons[2] == result["environments"][2]["error"] == "its process ended with 1: no message"
    assert all(line["n"] == 0 and line["ms"] is None for line in result["configurations"] if line["reason"])
    printed = capsys.readouterr().out
    assert "frame: mediapipe-tasks, landmarks, environment 1" in printed
    assert "landmarks.task_file must name" in printed
    assert re.search(rf"environment 2 +{tmp_path / 'python'} +No such file or directory", printed)


def test_a_bundle_that_a_backend_cannot_feed_is_told(quick):
    result = quick("--landmarks", "mediapipe", "--bundle", "everyday")
    frame, head = result["configurations"]
    assert "mediapipe does not give" in frame["reason"]
    assert frame["threads"] is None
    assert (head["kind"], head["reason"], head["against"]) == ("head", None, 1)


def test_a_configuration_that_breaks_in_the_run_is_left_out_and_the_others_go_on(quick, monkeypatch):
    ask = Worker.ask
    blocks = []

    def break_in_second_round(worker, message, *limit):
        blocks.append(message.get("block"))
        if message.get("block") == 1 and blocks.count(1) == 2:
            raise BackendError("the graph broke")
        return ask(worker, message, *limit)

    monkeypatch.setattr(Worker, "ask", break_in_second_round)
    result = quick("--landmarks", "litert", "--threads", 1, 2, "--rounds", 3)
    broken = result["configurations"][1]
    assert broken["reason"] == "in round 2: the graph broke"
    assert all(line["n"] == 9 for line in ran(result))


def test_a_worker_that_dies_is_a_reason():
    with closing(Worker(sys.executable)) as worker:
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(BackendError, match="its process ended with -9: no message"):
            worker.ask({"describe": {}})


def test_a_worker_that_hangs_is_killed_and_given_up():
    with closing(Worker(sys.executable)) as worker:
        os.kill(worker.pid, signal.SIGSTOP)
        with pytest.raises(BackendError, match=r"gave no answer within 0\.1 s"):
            worker.ask({"describe": {}}, limit_s=0.1)
        with pytest.raises(BackendError, match="its process ended with -9"):
            worker.ask({"describe": {}})


def test_a_worker_that_does_not_end_by_itself_is_killed(monkeypatch):
    monkeypatch.setattr(process, "END_S", 0.1)
    worker = Worker(sys.executable)
    os.kill(worker.pid, signal.SIGSTOP)
    worker.close()
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, 0)


def test_ratios_are_of_blocks_that_were_run_one_after_the_other():
    """The machine slows down fivefold on the way; the ratio of each round stays."""
    speeds = np.linspace(1, 5, 11)
    first = matrix.Configuration(0, {"kind": "frame"}, {}, [np.full(5, 1000 * s, np.int64) for s in speeds])
    second = matrix.Configuration(0, {"kind": "frame"}, {}, [np.full(5, 1500 * s, np.int64) for s in speeds])
    second.blocks[0] *= 2
    other = matrix.Configuration(1, {"kind": "head"}, {}, first.blocks)
    failed = matrix.Configuration(1, {"kind": "frame"}, {}, [], reason="not there")
    lines = matrix.results([failed, first, second, other])
    assert [line["against"] for line in lines] == [None, 1, 1, 3]
    assert lines[2]["ratio"] == {"p50": 1.5, "p10": 1.5, "p90": 1.5}
    assert lines[2]["ms"]["p50"] == 0.0045


def test_every_network_of_a_bundles_folder_is_a_head(portraits, tmp_path, benchmark_json):
    shipped = load_bundle("landmarks")
    for name in ("model.tflite", "model.json"):
        (tmp_path / "mine").mkdir(exist_ok=True)
        (tmp_path / "mine" / name).write_bytes((shipped.path / name).read_bytes())
    (tmp_path / "mine" / "model_broken.tflite").write_bytes(b"no network")
    flags = ("--landmarks", "mediapipe-tasks", "--rounds", 1, "--frames", 2)
    result = benchmark_json("matrix", *flags, "--bundle", tmp_path / "mine")
    heads = [line for line in result["configurations"] if line["kind"] == "head"]
    assert [line["file"] for line in heads] == ["model.tflite", "model_broken.tflite"]
    assert heads[0]["n"] == 2
    assert "refuses" in heads[1]["reason"]


def test_compiled_models_give_what_the_interpreter_gives(portraits):
    pytest.importorskip("ai_edge_litert.compiled_model")
    model = find_models().landmarker
    noise = np.random.default_rng(0).integers(0, 256, (1, 192, 192, 3), np.uint8)
    interpreter = make_interpreter(model, 1, "the face landmark model")
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], noise)
    interpreter.invoke()
    points = interpreter.get_tensor(interpreter.get_output_details()[0]["index"]).ravel()
    outputs = worker.compiled(model, 1, 0, noise)()
    np.testing.assert_allclose(outputs[0].read(points.size, np.float32), points, atol=1e-3)


@pytest.mark.parametrize(("features", "runs"), [("fp asimd fphp asimdhp", True), ("fpu sse2 f16c", False)])
def test_half_precision_is_for_cpus_that_compute_with_it(features, runs, tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "text", lambda path: f"Features\t: {features}\n")
    if runs:
        worker.require_fp16()
        return
    with pytest.raises(BackendError, match="no 16-bit floating-point arithmetic"):
        worker.require_fp16()
