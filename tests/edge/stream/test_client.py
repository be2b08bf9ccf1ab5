"""The reader's end, against a socket that the test plays."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge.core.errors import StreamDeniedError, StreamError
from edge.stream.client import StreamClient

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def served(tmp_path):
    """``()`` connects a client; gives it and the service's end."""
    opened = []
    path = tmp_path / "mien.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def connect():
        client = StreamClient(path)
        opened.extend((client, listener.accept()[0]))
        return opened[-2:]

    yield connect
    for each in (*opened, listener):
        each.close()


def test_messages_come_in_order_until_the_service_ends(served):
    client, service = served()
    service.sendall(b'{"schema":2,"hello":{}}\n{"schema":2,"fra')
    service.sendall(b'me":0}\n{"schema":2,"cut o')
    service.close()
    assert list(client) == [{"schema": 2, "hello": {}}, {"schema": 2, "frame": 0}]


def test_what_a_reader_asks_for_arrives(served):
    client, service = served()
    client.want_mesh()
    client.want_mesh(False)
    client.command("pause")
    with service.makefile("rb") as lines:
        assert [lines.readline() for _ in range(3)] == [
            b'{"want":["mesh"]}\n',
            b'{"want":[]}\n',
            b'{"command":"pause"}\n',
        ]


def test_another_thread_may_close_it(served):
    client, service = served()
    service.sendall(b'{"schema":2}\n')
    messages = iter(client)
    assert next(messages)
    ended = []
    thread = threading.Thread(target=lambda: ended.append(list(messages)))
    thread.start()
    client.close()
    thread.join(10)
    assert ended == [[]]
    assert service.recv(1) == b""
    assert list(client) == []
    with pytest.raises(StreamError):
        client.want_mesh()


@pytest.mark.parametrize(
    "text", [b"HTTP/1.1 400\r\n", b"[1]\n", b'{"a":1}\n', b"\xff\n", b"[" * (1 << 20), b"[" * 99_999 + b"\n"]
)
def test_another_program_is_a_line(served, text):
    client, service = served()
    threading.Thread(target=service.sendall, args=(text,), daemon=True).start()
    with pytest.raises(StreamError, match="does not speak as mien does"):
        list(client)


def test_another_schema_is_a_line(served):
    client, service = served()
    service.sendall(b'{"schema":3,"hello":{}}\n')
    with pytest.raises(StreamError, match=r"schema 3.*version"):
        list(client)


def test_a_service_that_does_not_read_holds_nothing_up(served):
    client, _ = served()

    def ask_for_ever():
        while True:
            client.want_mesh()

    with pytest.raises(StreamError, match="does not listen"):
        ask_for_ever()


def test_no_service_is_a_line(tmp_path):
    with pytest.raises(StreamError, match=r"no service at .*--sink socket"):
        StreamClient(tmp_path / "absent.sock")
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "left.sock"))
    left.close()
    with pytest.raises(StreamError, match="no service at"):
        StreamClient(tmp_path / "left.sock")
    with pytest.raises(StreamError, match="cannot connect"):
        StreamClient(tmp_path / "left.sock" / "x")


def test_a_socket_of_others_names_the_group(monkeypatch, tmp_path):
    def refused(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refused)
    with pytest.raises(StreamDeniedError, match="mien-records"):
        StreamClient(tmp_path / "mien.sock")


def test_it_loads_no_numpy_and_no_opencv():
    code = "import sys, edge.stream.client; sys.exit(bool({'numpy', 'cv2'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
