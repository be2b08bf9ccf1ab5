"""A folder is there whole or not at all."""

import resource

import pytest

from edge.core.files import replacing_folder


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


def test_a_full_disk_leaves_nothing(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill():
        with replacing_folder(tmp_path / "bundle") as folder:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
            (folder / "a").write_bytes(bytes(10_000))

    try:
        with pytest.raises(OSError, match="File too large"):
            fill()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == []
