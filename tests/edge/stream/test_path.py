import os
import tempfile
from pathlib import Path

import pytest

from edge.core.errors import ConfigError
from edge.stream import path as paths
from edge.stream.path import reader_path, service_path


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(paths, "SERVICE_FOLDER", tmp_path / "run-mien")


def test_the_service_manager_decides_then_the_session_then_the_user(monkeypatch, tmp_path):
    assert service_path("") == tmp_path / f"mien-{os.getuid()}" / "mien.sock"
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert service_path("") == Path("/run/user/7/mien/mien.sock")
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/mien:/run/other")
    assert service_path("") == Path("/run/mien/mien.sock")
    assert service_path("/x/y.sock") == Path("/x/y.sock")


def test_a_reader_takes_its_users_own_service_before_the_installed_one(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    own, installed = tmp_path / "mien" / "mien.sock", tmp_path / "run-mien" / "mien.sock"
    assert reader_path() == own
    installed.parent.mkdir()
    assert reader_path() == installed
    own.parent.mkdir()
    own.touch()
    assert reader_path() == own
    assert reader_path("/x/y.sock") == Path("/x/y.sock")


def test_a_path_that_is_too_long_is_a_line(tmp_path):
    assert service_path("/" + 106 * "a")
    for path in ("/" + 107 * "a", "/" + 54 * "é"):
        with pytest.raises(ConfigError, match=r"107.*output\.socket"):
            service_path(path)


@pytest.mark.parametrize("kind", ["open", "link", "file"])
def test_a_temporary_folder_that_others_may_enter_is_refused(tmp_path, kind):
    folder = tmp_path / f"mien-{os.getuid()}"
    if kind == "link":
        folder.symlink_to(tmp_path)
    elif kind == "file":
        folder.touch(0o600)
    else:
        folder.mkdir(0o755)
    with pytest.raises(ConfigError, match="remove it"):
        service_path("")
    with pytest.raises(ConfigError, match="remove it"):
        reader_path()
