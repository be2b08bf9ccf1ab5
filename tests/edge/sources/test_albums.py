"""Which pictures a path, a folder or a pattern names, and what is said about the rest."""

import errno
import os
import shutil
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.core.errors import SourceError
from edge.sources.albums import find_album


def write(path):
    assert cv2.imwrite(str(path), np.full((16, 16, 3), 90, np.uint8))
    return path


@pytest.fixture
def folder(tmp_path):
    """Pictures, one of them broken, and what is none."""
    for name in ("c.png", "a.JPG", "d.bmp"):
        write(tmp_path / name)
    (tmp_path / "b.png").write_bytes(b"broken")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_bytes(b"broken")
    (tmp_path / "deeper").mkdir()
    write(tmp_path / "deeper" / "e.png")
    return tmp_path


def names(spec):
    return [path.name for path in find_album(str(spec)).pictures]


def test_a_folder_gives_its_pictures_sorted(folder):
    assert names(folder) == ["a.JPG", "b.png", "c.png", "d.bmp"]


def test_glob_patterns(folder):
    assert names(f"{folder}/*.png") == ["b.png", "c.png"]
    assert names(f"{folder}/*") == ["a.JPG", "b.png", "c.png", "d.bmp"]
    assert names(f"{folder}/**/e.*") == ["e.png"]


def test_a_file_whose_name_looks_like_a_pattern(tmp_path):
    assert names(write(tmp_path / "face[1].png")) == ["face[1].png"]


def test_what_is_excluded_is_counted_and_named(folder):
    album = find_album(str(folder))
    assert album.describe_excluded().startswith("1 file ")
    assert album.describe_excluded().endswith(": notes.txt")
    for name in ("x.heic", "y", "z.json"):
        (folder / name).write_bytes(b"something else")
    line = find_album(str(folder)).describe_excluded()
    assert line.startswith("4 files ")
    assert line.endswith(": notes.txt, x.heic, y, …")
    assert find_album(f"{folder}/*.png").excluded == ()


@pytest.mark.parametrize("name", ["photo.jfif", "photo.JPE", "photo.dib", "photo.jp2", "photo", "photo.dat"])
def test_a_picture_is_known_by_its_name_or_its_content(tmp_path, name):
    shutil.copyfile(write(tmp_path / "a.png"), tmp_path / name)
    assert sorted(names(tmp_path)) == sorted(["a.png", name])


def test_names_that_are_not_utf8(tmp_path):
    picture = write(tmp_path / "a.png")
    for name in (b"caf\xe9.png", b"caf\xe9"):
        shutil.copyfile(picture, tmp_path / os.fsdecode(name))
    assert sorted(names(tmp_path)) == ["a.png", "caf\udce9", "caf\udce9.png"]


def test_links_that_lead_nowhere_cost_only_themselves(tmp_path):
    """As links into a folder that is closed do: what is behind them cannot be asked for."""
    write(tmp_path / "a.png")
    (tmp_path / "b.png").symlink_to("x" * 300)
    (tmp_path / "c.txt").symlink_to("x" * 300)
    (tmp_path / "d.png").symlink_to("absent")
    os.mkfifo(tmp_path / "e.png")
    for spec in (tmp_path, f"{tmp_path}/*"):
        album = find_album(str(spec))
        assert [path.name for path in album.pictures] == ["a.png", "b.png", "d.png"]
        assert [path.name for path in album.excluded] == ["c.txt"]


def test_a_folder_that_cannot_be_read(tmp_path, monkeypatch):
    def closed(_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", closed)
    with pytest.raises(SourceError, match=r"cannot read the folder /.*: Permission denied"):
        find_album(str(tmp_path))


def test_many_files_are_told_apart_in_one_pass(tmp_path):
    for number in range(4000):
        (tmp_path / f"{number}.png").touch()
    start = time.process_time()
    assert len(find_album(str(tmp_path)).pictures) == 4000
    assert time.process_time() - start < 1


def test_nothing_to_show(tmp_path):
    with pytest.raises(SourceError, match=r"no pictures in the folder .*: expected files that end in"):
        find_album(str(tmp_path))
    with pytest.raises(SourceError, match="no pictures in the pattern"):
        find_album(f"{tmp_path}/*.png")
    with pytest.raises(SourceError, match="no such file or folder"):
        find_album(f"{tmp_path}/absent")


def test_pictures_that_lie_deeper_are_pointed_at(tmp_path):
    (tmp_path / "2026" / "may").mkdir(parents=True)
    write(tmp_path / "2026" / "may" / "a.jpg")
    with pytest.raises(SourceError) as raised:
        find_album(str(tmp_path))
    assert f"{tmp_path}/2026/may/a.jpg" in str(raised.value)
    pattern = str(raised.value).split("'")[-2]
    assert names(pattern) == ["a.jpg"]


def test_a_folder_of_videos_says_what_to_do(tmp_path, make_video):
    make_video("one.avi")
    make_video("two.avi")
    with pytest.raises(SourceError, match=r"it has videos \(one\.avi, two\.avi\), each of which is a source"):
        find_album(str(tmp_path))
