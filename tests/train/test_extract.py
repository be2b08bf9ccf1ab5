"""``python -m train extract`` as a user calls it, on real pictures."""

import dataclasses
import os
import resource
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.core.errors import DataError, ModelError
from edge.data import read_dataset
from edge.landmarks.models import find_models, model_hashes
from train import landmarks_file

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def face_models():
    try:
        find_models()
    except ModelError as error:
        pytest.skip(f"needs the face models: {error}")


def command(data, out, *flags):
    return [sys.executable, "-m", "train", "extract", str(data), "--out", str(out), *map(str, flags)]


def extract(data, out, *flags, **options):
    return subprocess.run(
        command(data, out, *flags),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


@pytest.fixture(scope="module")
def whole(fer_csv, tmp_path_factory):
    """The landmarks file of an uninterrupted run, and what the run printed."""
    out = tmp_path_factory.mktemp("extract") / "landmarks.npz"
    result = extract(fer_csv, out)
    assert result.returncode == 0, result.stderr
    return landmarks_file.load(out), result


def test_rows_are_those_of_the_csv(whole, fer_csv):
    rows = whole[0].rows
    assert len(rows) == 600
    assert sorted(set(rows.split.tolist())) == ["PublicTest", "Training"]
    assert rows.name[0] == "fer2013.csv:2"
    assert rows.name[-1] == "fer2013.csv:601"
    lines = fer_csv.read_text().splitlines()[1:]
    assert rows.label.tolist() == [int(line.split(",")[0]) for line in lines]
    votes = fer_csv.with_name("fer2013new.csv").read_text().splitlines()[1:]
    assert rows.votes.tolist() == [list(map(int, line.split(",")[2:])) for line in votes]


def test_faces_and_landmarks(whole):
    rows = whole[0].rows
    assert rows.found.mean() > 0.9
    assert (rows.presence[rows.found] >= 0.5).all()
    assert not rows.landmarks[~rows.found].any()
    found = rows.landmarks[rows.found]
    assert np.isfinite(found).all()
    # Prepared by default to 48 px and a margin of 0.3 × 48 px on each side.
    centers = found[:, :, :2].mean(axis=1)
    assert ((centers > 14) & (centers < 62)).all()
    assert len(set(rows.picture_hash.tolist())) > 500


def test_where_it_came_from_is_in_the_file(whole):
    info = whole[0].info
    assert info["data"]["file"] == "fer2013.csv"
    assert len(info["data"]["sha256"]) == 64
    assert info["preparation"] == {"scale": 1.0, "padding": 0.3}
    assert info["landmark_models"] == model_hashes()
    assert {"created", "versions", "skipped"} <= info.keys()


def test_coverage_by_class_and_split_is_reported(whole):
    out = whole[1].stdout
    for word in ("PublicTest", "Training", "disgust", "all", "%", "600 pictures, 0 skipped"):
        assert word in out


def test_no_part_files_are_left(whole, fer_csv, tmp_path):
    out = tmp_path / "landmarks.npz"
    assert extract(fer_csv, out, "--workers", 1).returncode == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["landmarks.npz"]
    same_rows(landmarks_file.load(out), whole[0])  # and the number of workers changes nothing


def same_rows(a, b):
    for name in ("landmarks", "found", "presence", "label", "split", "votes", "name", "picture_hash"):
        assert np.array_equal(getattr(a.rows, name), getattr(b.rows, name)), name


def start_and_stop(arguments, parts, sent):
    """Send the signal as soon as the first part file is there; gives exit code and stderr's last line."""
    with subprocess.Popen(
        arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        while process.poll() is None and not (parts.is_dir() and list(parts.glob("[!.]*.npz"))):
            time.sleep(0.002)
        assert process.poll() is None, process.stderr.read()
        workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        # As a terminal does: Ctrl-C reaches the workers too.
        (os.killpg if sent == signal.SIGINT else os.kill)(process.pid, sent)
        error = process.communicate(timeout=60)[1]
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.01)
    return process.returncode, (error.splitlines() or [""])[-1]


def test_a_killed_run_goes_on_and_ends_the_same(whole, fer_csv, tmp_path):
    out, parts = tmp_path / "landmarks.npz", tmp_path / "landmarks.npz.parts"
    code, _ = start_and_stop(command(fer_csv, out, "--workers", 1), parts, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert not out.exists()
    assert extract(fer_csv, out).returncode == 0
    same_rows(landmarks_file.load(out), whole[0])
    assert not parts.exists()


def test_ctrl_c_ends_in_one_line_and_finished_parts_are_used(fer_csv, tmp_path, whole):
    out, parts = tmp_path / "landmarks.npz", tmp_path / "landmarks.npz.parts"
    code, line = start_and_stop(command(fer_csv, out, "--workers", 1), parts, signal.SIGINT)
    assert (code, line) == (130, "error: interrupted")
    assert not out.exists()
    # A mark in the finished part shows that it is used and not made again …
    first = min(parts.glob("[!.]*.npz"))
    rows = landmarks_file.load(first).rows
    landmarks_file.save(first, dataclasses.replace(rows, presence=np.full_like(rows.presence, 0.125)), {})
    # … and a damaged one is made again.
    first.with_name(first.name.replace("000000", "000001")).write_bytes(first.read_bytes()[:5000])
    assert extract(fer_csv, out).returncode == 0
    again = landmarks_file.load(out).rows
    assert (again.presence[: len(rows)] == 0.125).all()
    assert np.array_equal(again.landmarks, whole[0].rows.landmarks)


def test_parts_of_another_preparation_are_not_used(fer_csv, tmp_path, whole):
    out, parts = tmp_path / "landmarks.npz", tmp_path / "landmarks.npz.parts"
    start_and_stop(command(fer_csv, out, "--workers", 1, "--scale", 2), parts, signal.SIGKILL)
    assert extract(fer_csv, out).returncode == 0
    same_rows(landmarks_file.load(out), whole[0])


def test_bad_rows_are_named_counted_and_skipped(fer_csv, tmp_path):
    lines = fer_csv.read_text().splitlines()
    label, pixels, usage = lines[1].split(",")
    bad = [
        "0,1 2 3,Training",
        f"9,{pixels},Training",
        f"{label},{pixels.replace(' ', ' x', 1)},{usage}",
        f"{label},{pixels.rsplit(' ', 1)[0]} 999,{usage}",
    ]
    data = tmp_path / "fer2013.csv"
    data.write_text("\n".join([*lines[:3], *bad, *lines[3:11]]) + "\n")
    result = extract(data, tmp_path / "out.npz", "--workers", 1)
    assert result.returncode == 0
    warnings = [line for line in result.stderr.splitlines() if "warning: " in line]
    for number, reason in ((4, "2304"), (5, "unknown class '9'"), (6, "pixel 'x"), (7, "pixel '999'")):
        assert sum(f"{data}:{number}: " in line and reason in line for line in warnings) == 1
    assert len(warnings) == 4
    assert "10 pictures, 4 skipped" in result.stdout
    assert landmarks_file.load(tmp_path / "out.npz").info["skipped"] == 4


def fails(result, code, *words):
    """One line on stderr, no traceback, nothing else."""
    assert result.returncode == code, result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in lines[0]


def test_a_missing_column(tmp_path):
    data = tmp_path / "fer2013.csv"
    data.write_text("emotion,pixels\n0,1 2 3\n")
    fails(extract(data, tmp_path / "o.npz"), 1, "'Usage'", "expected emotion,pixels,Usage")
    assert list(tmp_path.iterdir()) == [data]


def test_no_such_data(tmp_path):
    fails(extract(tmp_path / "nothing.csv", tmp_path / "o.npz"), 1, "no data at", "fer2013.csv")


def test_face_models_absent(fer_csv, tmp_path):
    fails(
        extract(fer_csv, tmp_path / "o.npz", "--models-dir", tmp_path),
        78,
        "face_detection_short_range.tflite",
    )


@pytest.mark.parametrize("flags", [("--scale", "0"), ("--padding", "-1"), ("--padding", "nan")])
def test_preparation_out_of_range(fer_csv, tmp_path, flags):
    fails(extract(fer_csv, tmp_path / "o.npz", *flags), 78, "must be")


def test_a_full_disk(fer_csv, tmp_path):
    """A file size limit is met like a full disk: write() fails in the middle of a part."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    out = tmp_path / "landmarks.npz"
    fails(extract(fer_csv, out, "--workers", 1, preexec_fn=limit), 1, "File too large")
    assert not out.exists()
    assert list((tmp_path / "landmarks.npz.parts").iterdir()) == []


def test_class_folders(fer_csv, tmp_path):
    for sample in islice(read_dataset(fer_csv, "PublicTest", on_bad=pytest.fail), 20):
        path = tmp_path / "data" / "test" / sample.label.title() / f"{sample.name.split(':')[1]}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), sample.picture)
    result = extract(tmp_path / "data", tmp_path / "landmarks.npz", "--workers", 1)
    assert result.returncode == 0, result.stderr
    rows = landmarks_file.load(tmp_path / "landmarks.npz").rows
    assert len(rows) == 20
    assert set(rows.split.tolist()) == {"test"}
    assert not rows.votes.any()
    assert rows.found.mean() > 0.8


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip file"])
def test_a_damaged_landmarks_file_is_refused(tmp_path, content):
    path = tmp_path / "landmarks.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match="is not a landmarks file or is damaged"):
        landmarks_file.load(path)


def test_a_truncated_landmarks_file_is_refused(whole, tmp_path):
    path = tmp_path / "landmarks.npz"
    landmarks_file.save(path, whole[0].rows, whole[0].info)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match="damaged"):
        landmarks_file.load(path)


def test_a_missing_landmarks_file(tmp_path):
    with pytest.raises(DataError, match="no landmarks file"):
        landmarks_file.load(tmp_path / "landmarks.npz")


def test_a_folder_as_output_is_refused_before_the_work(fer_csv, tmp_path):
    result = extract(fer_csv, tmp_path)
    assert result.returncode == 1
    assert "is a folder: name a file" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_flipped_bits_in_a_landmarks_file_are_an_error_and_never_a_traceback(toy_landmarks, tmp_path):
    whole = toy_landmarks.read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "flipped.npz"
    refused = 0
    for place in [*rng.integers(0, 3000, 60), *rng.integers(len(whole) - 3000, len(whole), 60)]:
        data = bytearray(whole)
        data[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        try:
            landmarks_file.load(path)
        except DataError:
            refused += 1
    assert refused > 60
