"""End to end, as a user calls it."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.bundles.store import BundleStore
from edge.cli.main import main
from edge.landmarks import assets
from tests.edge.own_bundles import own_bundle

pytestmark = pytest.mark.usefixtures("models")


def _error(result):
    """The one line of an error; fails on a traceback."""
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, result.stderr
    return lines[0]


def _records(result):
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_demo_shows_faces_and_a_summary(edge, portraits):
    result = edge("run", "--source", "demo", "--frames", "40")
    assert result.returncode == 0, result.stderr
    assert "happy" in result.stdout or "neutral" in result.stdout
    assert "40 frames, " in result.stderr
    for stage in ("landmarks", "features", "classify", "smooth", "total", "age"):
        assert f"\n{stage}" in result.stderr


@pytest.mark.parametrize(("bundle", "sure_and_wrong"), [("everyday", 0), ("landmarks", 0), ("ferplus", 1)])
def test_the_stills_have_the_expressions_they_show_or_low_confidence(edge, media, bundle, sure_and_wrong):
    source = media / "stills"
    result = edge("run", "--source", source, "--max-faces", "8", "--sink", "jsonl", "--bundle", bundle)
    records = {Path(record["source"]).name: record["faces"] for record in _records(result)}
    assert records["no-face.jpg"] == []
    assert len(records["group.jpg"]) >= 2
    expected = {
        "happy-baby.jpg": "happy",
        "surprised.jpg": "surprise",
        "angry.jpg": "angry",
        "neutral.jpg": "neutral",
    }
    assert [len(records[name]) for name in expected] == [1] * 4
    right = {name: records[name][0]["label"] == label for name, label in expected.items()}
    assert sum(right.values()) >= 3
    wrong = [records[name][0]["status"] for name in expected if not right[name]]
    assert wrong.count("ok") <= sure_and_wrong
    assert sum(records["neutral.jpg"][0]["probabilities"].values()) == pytest.approx(1, abs=0.001)


def test_settings_come_from_the_file_and_flags_win(edge, portrait_files, tmp_path):
    config = tmp_path / "mien.toml"
    out = tmp_path / "out.jsonl"
    config.write_text(f'source = "nowhere.png"\n[output]\nsinks = ["live", "jsonl"]\njsonl_file = "{out}"\n')
    assert edge("run", "--config", config, "--source", portrait_files[1]).returncode == 0
    assert json.loads(out.read_text())["source"] == str(portrait_files[1])


def test_a_file_for_lines_that_are_not_asked_for_is_a_warning(edge, portrait_files, tmp_path):
    file = tmp_path / "out.jsonl"
    result = edge("run", "--source", portrait_files[1], "--jsonl-file", file)
    assert result.returncode == 0
    assert result.stderr.count("output.jsonl_file has no effect") == 1
    assert not file.exists()


def test_check_and_info_tell_what_is_there(edge):
    check = edge("check", "--source", "camera:0")
    assert check.returncode == 0, check.stderr
    assert [line.split()[1] for line in check.stdout.splitlines()] == ["ok"] * 6
    info = json.loads(edge("info").stdout)
    assert info["bundle"]["labels"][0] == "angry"
    assert all("standardization" not in each for each in info["bundle"]["inputs"])
    assert info["assets"]["face_landmark.tflite"].endswith("face_landmark.tflite")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_in_order(number, portraits):
    command = [sys.executable, "-m", "edge", "run", "--source", "demo", "--sink", "jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()  # it runs
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert " frames, " in err
    assert "Traceback" not in err


def test_a_signal_ends_a_wait_for_a_camera():
    command = [sys.executable, "-m", "edge", "run", "--source", "camera:63"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "camera:63" in line and "WARNING" in line:
                break
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "0 frames" in err


def test_a_reader_that_goes_away_ends_it_quietly(portraits):
    command = f"{sys.executable} -m edge run --source demo --sink jsonl | head -n 1"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert json.loads(result.stdout)["frame"] == 0
    assert "Traceback" not in result.stderr
    assert "error" not in result.stderr.lower()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "--source", "nowhere.png"], 1, "nowhere.png"),
        (["run", "--bundle", "fancy"], 78, "no bundle 'fancy'"),
        (["run", "--max-faces", "99"], 78, "landmarks.max_faces must be 1…16, not 99"),
        (["check", "--models-dir", "/nowhere"], 78, "mien setup"),
        (["setup", "--from", "/nowhere.whl"], 78, "no wheel at"),
    ],
)
def test_an_error_of_any_part_is_one_line_and_the_right_code(command, arguments, code, message):
    found, _, errors = command(main, *arguments)
    assert found == code
    assert message in errors.splitlines()[-1]


@pytest.mark.parametrize("name", ["face_landmark.tflite", "face_detection_short_range.tflite"])
def test_a_damaged_face_model_ends_with_78(command, tmp_path, name):
    for asset in assets.MODELS:
        shutil.copy(assets.find(asset), tmp_path)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-1])
    code, _, errors = command(main, "check", "--models-dir", tmp_path)
    assert code == 78
    assert name in errors.splitlines()[-1]


def test_a_damaged_bundle_of_the_store_has_a_way_back(command, tmp_path, monkeypatch):
    def error(*flags):
        code, _, errors = command(main, "check", *flags)
        assert code == 78
        return errors.splitlines()[-1]

    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    store = BundleStore()
    store.use(store.install(str(own_bundle(tmp_path / "mine"))))
    (store.folder / "mine" / "model.tflite").write_bytes(b"")
    assert "mien models rollback" in error()
    assert "rollback" not in error("--bundle", "mine")
    shutil.rmtree(store.folder / "mine")
    assert "no bundle 'mine'" in error()
    assert "rollback" in error()


def test_a_full_device_is_one_line(edge, portraits):
    result = edge("run", "--source", "demo", "--sink", "jsonl", "--jsonl-file", "/dev/full")
    assert result.returncode == 1
    assert "No space left" in _error(result)


def test_one_bad_picture_does_not_end_an_album(edge, portraits, tmp_path):
    """A line of pixels, what is none, and what no reader knows, between two good ones."""
    for name in ("a.png", "e.png"):
        (tmp_path / name).write_bytes(assets.load(assets.ASTRONAUT))
    cv2.imwrite(str(tmp_path / "b.png"), np.full((1, 3000, 3), 90, np.uint8))
    (tmp_path / "c.png").write_bytes(b"broken")
    (tmp_path / "d.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    result = edge("run", "--source", tmp_path, "--sink", "jsonl")
    assert result.returncode == 0, result.stderr
    records = _records(result)
    assert [(Path(record["source"]).name, len(record["faces"])) for record in records] == [
        ("a.png", 1),
        ("b.png", 0),
        ("e.png", 1),
    ]
    assert "skipped 2" in result.stderr
    assert "c.png" in result.stderr
    assert "d.heic" in result.stderr
