"""End to end, as a user calls it."""

import json
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.bundles.store import SHIPPED, BundleStore
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


def test_a_clip_has_a_record_and_a_face_for_each_frame(edge, media):
    records = _records(edge("run", "--source", media / "talking" / "bbaf2n.mpg", "--sink", "jsonl"))
    assert [record["frame"] for record in records] == list(range(75))
    assert all(len(record["faces"]) == 1 for record in records)


def test_settings_come_from_the_file_and_flags_win(edge, portraits, tmp_path):
    config = tmp_path / "mien.toml"
    out = tmp_path / "out.jsonl"
    config.write_text(f'source = "nowhere.png"\n[output]\nsinks = ["live", "jsonl"]\njsonl_file = "{out}"\n')
    picture = assets.find(assets.HOPPER)
    for _ in range(2):  # the file grows, it is not overwritten
        assert edge("run", "--config", config, "--source", picture).returncode == 0
    assert [json.loads(line)["source"] for line in out.read_text().splitlines()] == [str(picture)] * 2


def test_a_file_for_lines_that_are_not_asked_for_is_a_warning(edge, portraits, tmp_path):
    file = tmp_path / "out.jsonl"
    result = edge("run", "--source", assets.find(assets.HOPPER), "--jsonl-file", file)
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
        (["run", "--source", "camera:x"], 1, "camera:N"),
        (["run", "--source", "camera:99999999999999999999"], 1, "camera:N"),
        (["run", "--source", "rtsps://me:secret@host/cam"], 1, "source rtsps://… is not known"),
        (["run", "--source", ""], 78, "source must not be empty"),
        (["run", "--bundle", "fancy"], 78, "no bundle 'fancy'"),
        (["run", "--bundle", "./nowhere"], 78, "no bundle in"),
        (["run", "--max-faces", "99"], 78, "landmarks.max_faces must be 1…16, not 99"),
        (["run", "--config", "nowhere.toml"], 78, "settings nowhere.toml"),
        (["run", "--landmarks", "mediapipe-tasks"], 78, "task_file"),
        (["check", "--models-dir", "/nowhere"], 78, "mien setup"),
    ],
)
def test_bad_input_is_one_line_and_the_right_code(edge, arguments, code, message):
    result = edge(*arguments)
    assert result.returncode == code
    assert message in _error(result)
    assert result.stdout == "" or arguments[0] == "check"


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
@pytest.mark.parametrize("name", ["face_landmark.tflite", "face_detection_short_range.tflite"])
def test_a_damaged_face_model_ends_with_78(edge, tmp_path, name, damage):
    for asset in assets.MODELS:
        shutil.copy(assets.find(asset), tmp_path)
    data = bytearray((tmp_path / name).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / name).write_bytes(
        {"truncated": data[: len(data) // 2], "flipped": data, "empty": b""}[damage]
    )
    result = edge("check", "--models-dir", tmp_path)
    assert result.returncode == 78
    assert name in _error(result)


def test_a_damaged_bundle_ends_with_78(edge, tmp_path):
    bundle = shutil.copytree(SHIPPED / "landmarks", tmp_path / "bundle")
    data = bytearray((bundle / "model.tflite").read_bytes())
    data[1000] ^= 1
    (bundle / "model.tflite").write_bytes(data)
    result = edge("check", "--bundle", bundle)
    assert result.returncode == 78
    assert "SHA-256" in _error(result)


def test_a_damaged_bundle_of_the_store_has_a_way_back(edge, tmp_path):
    store = BundleStore(tmp_path / "bundles")
    store.use(store.install(str(own_bundle(tmp_path / "mine"))))
    (store.folder / "mine" / "model.tflite").write_bytes(b"")
    result = edge("check", env={"STATE_DIRECTORY": str(tmp_path)})
    assert result.returncode == 78
    assert "mien models rollback" in _error(result)
    named = edge("check", "--bundle", "mine", env={"STATE_DIRECTORY": str(tmp_path)})
    assert "rollback" not in _error(named)
    shutil.rmtree(store.folder / "mine")
    result = edge("check", env={"STATE_DIRECTORY": str(tmp_path)})
    assert "no bundle 'mine'" in _error(result)
    assert "rollback" in _error(result)


@pytest.mark.parametrize(
    "picture",
    [
        np.full((64, 64), 128, np.uint8),
        np.full((64, 64, 4), 128, np.uint8),
        np.full((64, 64), 30_000, np.uint16),
        np.full((64, 64, 3), 30_000, np.uint16),
        np.full((1, 1, 3), 128, np.uint8),
        np.full((8000, 8000, 3), 128, np.uint8),
    ],
    ids=["grey", "rgba", "16-bit grey", "16-bit", "1x1", "8000x8000"],
)
def test_a_picture_of_any_kind_is_read(tmp_path, capfd, picture):
    path = tmp_path / "picture.png"
    assert cv2.imwrite(str(path), picture)
    assert main(["run", "--source", str(path), "--sink", "jsonl"]) == 0
    (line,) = capfd.readouterr().out.splitlines()
    assert json.loads(line)["faces"] == []


def test_a_picture_that_does_not_decode_is_an_error_alone_and_skipped_in_a_folder(edge, tmp_path, portraits):
    broken = tmp_path / "a-broken.jpg"
    broken.write_bytes(assets.find(assets.HOPPER).read_bytes()[:50])
    result = edge("run", "--source", broken)
    assert result.returncode == 1
    assert "a-broken.jpg" in _error(result)
    shutil.copy(assets.find(assets.HOPPER), tmp_path / "b.jpg")
    result = edge("run", "--source", tmp_path, "--sink", "jsonl")
    assert [record["source"] for record in _records(result)] == [str(tmp_path / "b.jpg")]
    assert "a-broken.jpg" in result.stderr
    assert "skipped 1" in result.stderr


def test_an_empty_folder_is_an_error(edge, tmp_path):
    result = edge("run", "--source", tmp_path)
    assert result.returncode == 1
    assert str(tmp_path) in _error(result)


def test_a_full_disk_is_one_line(portraits, tmp_path):
    out = tmp_path / "out.jsonl"
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "edge",
            "run",
            "--source",
            "demo",
            "--sink",
            "jsonl",
            "--jsonl-file",
            str(out),
        ],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert "File too large" in _error(result)


def test_half_a_line_that_a_full_disk_left_does_not_cost_the_next_one(edge, portraits, tmp_path):
    out = tmp_path / "out.jsonl"
    out.write_text('{"schema":1,"frame":0,"faces":[]}\n{"schema":1,"fra')
    picture = assets.find(assets.HOPPER)
    result = edge("run", "--source", picture, "--sink", "jsonl", "--jsonl-file", out)
    assert result.returncode == 0, result.stderr
    first, second = (json.loads(line) for line in out.read_text().splitlines())
    assert first["frame"] == 0
    assert second["source"] == str(picture)


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
