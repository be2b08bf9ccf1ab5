"""A folder is there whole or not at all."""

from pathlib import Path

import pytest

from edge.core.files import make_folder, rename_folder, replacing_folder


def names(path):
    return sorted(entry.name for entry in path.iterdir())


def test_a_new_folder(tmp_path):
    with replacing_folder(tmp_path / "deep" / "bundle") as folder:
        (folder / "a").write_text("1")
        assert not (tmp_path / "deep" / "bundle").exists()
    assert (tmp_path / "deep" / "bundle" / "a").read_text() == "1"
    assert names(tmp_path / "deep") == ["bundle"]
    # As open to others as a folder that is made in the ordinary way.
    (tmp_path / "ordinary").mkdir()
    assert (tmp_path / "deep" / "bundle").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_an_old_folder_is_replaced_whole(tmp_path):
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "old").write_text("x")
    with replacing_folder(tmp_path / "bundle") as folder:
        (folder / "new").write_text("y")
        assert names(tmp_path / "bundle") == ["old"]
    assert names(tmp_path / "bundle") == ["new"]
    assert names(tmp_path) == ["bundle"]


def test_a_link_stays_one_and_its_folder_is_replaced(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "old").write_text("x")
    (tmp_path / "link").symlink_to("there")
    with replacing_folder(tmp_path / "link") as folder:
        (folder / "new").write_text("y")
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path / "there") == ["new"]
    assert names(tmp_path) == ["link", "there"]


def test_what_came_to_the_place_of_a_new_folder_is_not_replaced_and_nothing_is_lost(tmp_path):
    def two_at_once():
        with replacing_folder(tmp_path / "run", only_new=True) as folder:
            (folder / "mine").write_text("1")
            (tmp_path / "run").mkdir()
            (tmp_path / "run" / "theirs").write_text("2")

    with pytest.raises(FileExistsError) as caught:
        two_at_once()
    assert names(tmp_path / "run") == ["theirs"]
    (kept,) = set(tmp_path.iterdir()) - {tmp_path / "run"}
    assert names(kept) == ["mine"]
    assert str(kept) in str(caught.value)
    assert not kept.name.startswith(".")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_one(tmp_path, error):
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "old").write_text("x")

    def interrupted():
        with replacing_folder(tmp_path / "bundle") as folder:
            (folder / "new").write_text("y")
            raise error

    with pytest.raises(error):
        interrupted()
    assert names(tmp_path / "bundle") == ["old"]
    assert names(tmp_path) == ["bundle"]


def test_a_full_disk_leaves_nothing(tmp_path, full_disk):
    def fill():
        with replacing_folder(tmp_path / "bundle") as folder:
            (folder / "a").write_bytes(bytes(10_000))

    with full_disk(1000), pytest.raises(OSError, match="File too large"):
        fill()
    assert names(tmp_path) == []


@pytest.fixture
def flushed(monkeypatch):
    """Paths in the order in which they were flushed to the disk."""
    paths = []
    monkeypatch.setattr("os.fsync", lambda handle: paths.append(Path(f"/proc/self/fd/{handle}").readlink()))
    return paths


def test_all_of_it_is_on_the_disk_before_the_rename_and_the_rename_after_it(tmp_path, flushed):
    with replacing_folder(tmp_path / "bundle") as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "a").write_text("1")
    assert set(flushed[:-1]) == {folder, folder / "deep", folder / "deep" / "a"}
    assert flushed[-1] == tmp_path


def test_a_folder_that_is_renamed(tmp_path, flushed):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "new").mkdir()
    rename_folder(tmp_path / "in" / "new", tmp_path / "bundle", tmp_path / "in" / "old")
    assert names(tmp_path) == ["bundle", "in"]
    assert flushed[0] == tmp_path / "in" / "new"
    assert set(flushed[1:]) == {tmp_path / "in", tmp_path}


def test_a_folder_below_others_that_are_not_there(tmp_path, flushed):
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert flushed == [tmp_path, tmp_path / "a"]


def test_a_link_to_nowhere_is_no_reason_to_fail(tmp_path):
    with replacing_folder(tmp_path / "bundle") as folder:
        (folder / "link").symlink_to("nowhere")
    assert names(tmp_path / "bundle") == ["link"]
