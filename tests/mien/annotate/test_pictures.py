"""``mien annotate`` on pictures and folders."""

import os
import shutil
import struct

import cv2
import numpy as np
import pytest

from tests.mien.annotate.conftest import FRAMES, green, names, one_line, read_records, run_records


def test_a_picture_and_its_records(annotate, portraits, tmp_path):
    code, out, _ = annotate(portraits[0], "--out", tmp_path / "deep" / "out.png")
    assert code == 0
    assert "1 picture: 1 frame, 1 face;" in out
    assert names(tmp_path) == ["deep/out.jsonl", "deep/out.png"]
    before, after = cv2.imread(str(portraits[0])), cv2.imread(str(tmp_path / "deep" / "out.png"))
    assert after.shape == before.shape
    (record,) = read_records(tmp_path / "deep" / "out.jsonl")
    (face,) = record["faces"]
    assert face["label"] == "happy"
    x, y, width, height = map(round, face["box"])
    changed = (before != after).any(axis=2)
    assert green(after[y - 30 : y + height + 5, x - 5 : x + width + 30]).sum() > 1000
    assert not changed[y + height + 10 :].any()


def test_the_records_are_those_of_run(annotate, portraits, tmp_path):
    annotate(portraits[1], "--out", tmp_path / "out.jpg", "--bundle", "ferplus", "--max-faces", 2)
    expected = run_records("--source", portraits[1], "--bundle", "ferplus", "--max-faces", 2)
    assert read_records(tmp_path / "out.jsonl") == expected


@pytest.mark.parametrize("kind", ["turned", "transparent", "16 bit"])
def test_pictures_of_any_kind_are_drawn_as_they_are_seen(annotate, portraits, tmp_path, kind):
    bgr = cv2.imread(str(portraits[0]))[:320]
    source = tmp_path / "in.png"
    if kind == "turned":
        source = tmp_path / "in.jpg"
        data = cv2.imencode(".jpg", cv2.rotate(bgr, cv2.ROTATE_90_COUNTERCLOCKWISE))[1].tobytes()
        tiff = b"MM" + struct.pack(">HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, 6, 0, 0)
        exif = b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff
        source.write_bytes(data[:2] + exif + data[2:])
    elif kind == "transparent":
        cv2.imwrite(str(source), np.dstack([bgr, np.full(bgr.shape[:2], 128, np.uint8)]))
    else:
        cv2.imwrite(str(source), bgr.astype(np.uint16) * 257)
    assert annotate(source, "--out", tmp_path / "out.png")[0] == 0
    drawn = cv2.imread(str(tmp_path / "out.png"), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    assert (drawn.shape, drawn.dtype) == (bgr.shape, np.uint8)
    assert np.median(np.abs(drawn.astype(int) - bgr)) < 4  # it is upright
    assert green(drawn).sum() > 500


def test_a_folder(annotate, portraits, clip, tmp_path, caplog):
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "sub" / ".hidden").mkdir(parents=True)
    shutil.copy(portraits[0], folder / "a.png")
    for place in ("sub/b.jpg", "sub/b.jfif", "sub/.hidden/c.jpg", ".d.jpg"):
        shutil.copy(portraits[1], folder / place)
    shutil.copy(clip, folder / "sub" / "b.avi")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8nothing")
    (folder / "broken.mp4").write_bytes(b"nothing")
    (folder / "notes.txt").write_text("notes")
    code, said, errors = annotate(folder, "--out", out)
    assert code == 0
    assert f"3 pictures and 1 video (2 skipped): {FRAMES + 3} frames, {FRAMES + 3} faces;" in said
    assert names(out) == ["a.png", "sub/b.jpg", "sub/b.mp4", "sub/b.png"]
    assert "left out 1 file, neither picture nor video: notes.txt" in errors
    assert (
        sorted(line.split(":")[0] for line in caplog.messages if line.startswith("skipped"))
        == ["skipped"] * 2
    )
    found = read_records(tmp_path / "out.jsonl")
    assert {record["source"] for record in found} == {
        str(folder / name) for name in ("a.png", "sub/b.avi", "sub/b.jfif", "sub/b.jpg")
    }
    # Each file as if it were the only one.
    stills = [record for record in found if not record["source"].endswith(".avi")]
    assert [record["frame"] for record in stills] == [0, 0, 0]
    assert {face["id"] for record in found for face in record["faces"]} == {0}

    one_line(annotate(folder, "--out", out), "not empty", "--overwrite")
    assert annotate(folder / "sub", "--out", out / "sub", "--overwrite")[0] == 0
    assert annotate(tmp_path, "--out", out, "--overwrite")[0] == 0  # does not draw on its own drawings
    assert "out" not in {name.split("/")[0] for name in names(out)}


def test_names_that_collide_or_are_not_utf_8(annotate, portraits, clip, tmp_path):
    folder = tmp_path / "Andr\udce9"
    folder.mkdir()
    shutil.copy(portraits[0], folder / "\udce9.png")
    for name in ("x.avi", "x.mov", "x.mp4"):
        shutil.copy(clip, folder / name)
    assert annotate(folder, "--out", tmp_path / "out", "--max-faces", 2)[0] == 0
    assert set(names(tmp_path / "out")) == {"\udce9.png", "x.avi.mp4", "x.mov.mp4", "x.mp4"}


def test_nothing_that_can_be_read(annotate, tmp_path):
    (tmp_path / "in").mkdir()
    one_line(annotate(tmp_path / "in", "--out", tmp_path / "out"), "no pictures or videos")
    (tmp_path / "in" / "broken.jpg").write_bytes(b"\xff\xd8nothing")
    one_line(annotate(tmp_path / "in", "--out", tmp_path / "out"), "none of the 1 files could be read")
    one_line(annotate(tmp_path / "in" / "broken.jpg", "--out", tmp_path / "out.jpg"), "broken.jpg")
    assert names(tmp_path) == ["in/broken.jpg"]


@pytest.mark.parametrize(
    ("source", "out", "words"),
    [
        ("camera:0", "x.mp4", ["camera:0", "never stored", "mien run"]),
        ("/dev/video3", "x.mp4", ["never stored"]),
        ("picamera2", "x.mp4", ["never stored"]),
        ("rtsp://me:secret@host/", "x.mp4", ["rtsp://…", "never stored"]),
        ("me:secret@host", "x.mp4", ["never stored"]),
        ("demo", "x.mp4", ["'demo' does not exist"]),
        ("absent.jpg", "x.jpg", ["does not exist"]),
        ("", "x", ["does not exist"]),
        (os.devnull, "x.jpg", ["neither file nor folder"]),
        ("a\0b", "x.jpg", ["does not exist"]),
        ("notes.txt", "x.jpg", ["neither a picture nor a video"]),
        ("a.png", "x.mp4", ["must end in", ".png"]),
        ("a.png", "x", ["must end in"]),
        ("a.png", ".", ["is a folder"]),
        ("a.png", "a.png", ["input itself"]),
        ("a.png", "./link.png", ["input itself"]),
        ("a.png", "there.png", ["there already", "--overwrite"]),
        ("a.png", "other.png", ["JSON lines", "other.jsonl", "there already"]),
        ("a.png", "notes.txt/x.png", ["cannot write"]),
        (".", ".", ["input itself"]),
        (".", "there.png", ["is a file"]),
    ],
)
def test_what_is_refused(annotate, portraits, tmp_path, monkeypatch, source, out, words):
    monkeypatch.chdir(tmp_path)
    shutil.copy(portraits[0], "a.png")
    (tmp_path / "link.png").symlink_to("a.png")
    for name in ("notes.txt", "there.png", "other.jsonl"):
        (tmp_path / name).write_text("mine")
    before = {name: (tmp_path / name).read_bytes() for name in names(tmp_path)}
    assert "secret" not in one_line(annotate(source, "--out", out), *words)
    if "input itself" in words:
        one_line(annotate(source, "--out", out, "--overwrite"), *words)
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == before


def test_overwrite(annotate, portraits, tmp_path):
    for name in ("out.png", "out.jsonl"):
        (tmp_path / name).write_text("old")
    assert annotate(portraits[0], "--out", tmp_path / "out.png", "--overwrite")[0] == 0
    assert len(read_records(tmp_path / "out.jsonl")) == 1
    assert cv2.imread(str(tmp_path / "out.png")) is not None


def test_a_full_disk(annotate, portraits, tmp_path, full_disk):
    with full_disk(20_000):
        one_line(annotate(portraits[0], "--out", tmp_path / "out.png"), "too large")
    assert names(tmp_path) == []


def test_a_folder_on_a_disk_that_becomes_full(annotate, portraits, tmp_path, full_disk):
    """What is there is whole, and has its records."""
    (tmp_path / "in").mkdir()
    small = cv2.resize(cv2.imread(str(portraits[0])), (128, 128))
    cv2.imwrite(str(tmp_path / "in" / "a.jpg"), small)
    shutil.copy(portraits[0], tmp_path / "in" / "b.png")
    with full_disk(100_000):
        one_line(annotate(tmp_path / "in", "--out", tmp_path / "out"))
    assert names(tmp_path / "out") == ["a.jpg"]
    assert [record["source"] for record in read_records(tmp_path / "out.jsonl")] == [
        str(tmp_path / "in" / "a.jpg")
    ]
