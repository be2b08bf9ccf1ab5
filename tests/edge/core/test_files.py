import os
from pathlib import Path

import pytest

from edge.core.errors import DataError
from edge.core.files import check_replaceable, require_writable_file, write_atomic


def test_a_new_file_replaces_the_old_one(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    write_atomic(path, b"old")
    write_atomic(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "allowed"), [(None, True), (b"", True), (b"ours", True), (b"mine", False)]
)
def test_only_files_of_ours_are_replaced(tmp_path, content, allowed):
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    if allowed:
        check_replaceable(path, lambda found: found == b"ours")
        return
    with pytest.raises(DataError, match="was not written by this program"):
        check_replaceable(path, lambda found: found == b"ours")


def test_what_is_no_file_is_not_replaced(tmp_path):
    for path in (tmp_path, Path("/dev/null")):
        with pytest.raises(DataError, match=f"{path} is no file"):
            check_replaceable(path, lambda found: True)


def test_permissions_follow_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_atomic(tmp_path / "file", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, full_disk):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with full_disk(4096), pytest.raises(OSError, match="File too large"):
        write_atomic(path, bytes(10_000))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_may_be_written(tmp_path):
    (tmp_path / "there").write_text("mine")
    require_writable_file(tmp_path / "deep" / "new", overwrite=False)
    require_writable_file(tmp_path / "there", overwrite=True)
    assert not (tmp_path / "deep").exists()
    for path, overwrite in (("there", False), (".", True), ("there/new", True), ("there/deep/new", True)):
        with pytest.raises(DataError, match="name another file"):
            require_writable_file(tmp_path / path, overwrite)
