import socket

import pytest

from edge.sd_notify import notify


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_the_message_reaches_the_service_manager(tmp_path, monkeypatch, kind):
    name = str(tmp_path / "notify") if kind == "path" else f"@mien-test-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(name.replace("@", "\0", 1) if kind == "abstract" else name)
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify("READY=1")
        assert manager.recv(100) == b"READY=1"


def test_a_process_without_a_free_file_handle_goes_on(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError(24, "Too many open files")

    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setattr(socket, "socket", refused)
    assert notify("READY=1") is None


def test_without_a_manager_or_with_a_dead_one_nothing_happens(tmp_path, monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert notify("READY=1") is None
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "absent"))
    assert notify("READY=1") is None
