"""The socket's sink: whatever readers do, the run goes on and others get whole lines in order."""

import base64
import fcntl
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.build import SINK_KINDS
from edge.core.errors import ConfigError
from edge.core.pose import Pose
from edge.core.types import Face, FacePrediction, FaceStatus, Prediction, SinkStats, StageTimings, Status
from edge.settings import OutputSettings
from edge.sinks import socket_reader
from edge.sinks.outputs import Outputs
from edge.sinks.socket import MAX_READERS
from edge.sinks.socket_file import SocketFile
from edge.stream.client import StreamClient

PATIENCE_S = 20.0


def status(bundle: str = "everyday", labels: tuple[str, ...] = ("sad", "happy")) -> Status:
    return Status(bundle, 0, 30.0, 0, 0, 0, False, False, None, {}, device="porch", labels=labels)


def prediction(index: int, faces: int = 1) -> Prediction:
    landmarks = np.full((468, 3), 16, np.float32)
    landmarks[:, 0] = np.arange(468)
    face = FacePrediction(
        "happy",
        np.array([0.25, 0.75], np.float32),
        FaceStatus.OK,
        (),
        Pose(0, 0, 0),
        Face(landmarks, 1.0, None, 0, {"map": np.zeros(4)}),
    )
    return Prediction((face,) * faces, ("sad", "happy"), index, "cam", 640, 480, 0, None, StageTimings())


def wait_until(condition) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


class Service:
    """The sinks of a run, with the commands that readers have sent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.commands: list[str] = []
        self.outputs = Outputs(SINK_KINDS, self.commands.append)
        self.settings = OutputSettings(("socket",), socket=str(path))

    def open(self) -> None:
        self.outputs.change(self.settings, live=True)
        self.outputs.report(status())

    @property
    def stats(self) -> SinkStats:
        return self.outputs.stats["socket"]


@pytest.fixture
def service(tmp_path):
    one = Service(tmp_path / "mien.sock")
    one.open()
    yield one
    one.outputs.close()


@pytest.fixture
def connect(service):
    """``()`` gives a client that has read the hello and the status."""
    clients = []

    def connect() -> tuple[StreamClient, "iter"]:
        clients.append(StreamClient(service.path))
        messages = iter(clients[-1])
        assert "hello" in next(messages)
        assert "status" in next(messages)
        return clients[-1], messages

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def raw(service):
    """``()`` gives a bare connection."""
    opened = []

    def connect() -> socket.socket:
        opened.append(socket.socket(socket.AF_UNIX))
        opened[-1].connect(str(service.path))
        opened[-1].settimeout(PATIENCE_S)
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


def until_closed(connection: socket.socket) -> bytes:
    received = b""
    try:
        while part := connection.recv(1 << 16):
            received += part
    except ConnectionResetError:
        pass
    return received


def test_a_reader_hears_who_speaks_how_it_is_and_what_is_seen(service):
    with StreamClient(service.path) as client:
        messages = iter(client)
        hello = next(messages)
        assert hello["hello"] | {"version": ""} == {
            "device": "porch",
            "version": "",
            "bundle": "everyday",
            "labels": ["sad", "happy"],
        }
        assert next(messages)["status"]["paused"] == ""
        service.outputs.write(prediction(7))
        record = next(messages)
    assert record["frame"] == 7
    assert "mesh" not in record["faces"][0]


def test_a_new_bundle_is_a_new_hello_and_its_records_come_after_it(service, connect):
    _, messages = connect()
    service.outputs.write(prediction(0))
    service.outputs.report(status())
    service.outputs.report(status("ferplus", ("a", "b")))
    service.outputs.write(prediction(1))
    service.outputs.report(status("ferplus", ("a", "b")))
    kinds = [next(messages) for _ in range(6)]
    assert [sorted(kind.keys() & {"hello", "status", "frame"})[0] for kind in kinds] == [
        "frame",
        "status",
        "hello",
        "status",
        "frame",
        "status",
    ]
    assert kinds[2]["hello"]["labels"] == ["a", "b"]


def test_another_id_of_the_device_is_a_new_hello(service, connect):
    _, messages = connect()
    service.outputs.report(replace(status(), device="door"))
    assert next(messages)["hello"]["device"] == "door"


def test_twenty_readers_get_every_line_in_order(service, connect):
    count = 400
    readers = [connect()[1] for _ in range(20)]
    got = [[] for _ in readers]

    def read(messages, found):
        while len(found) < count:
            found.append(next(messages)["frame"])

    threads = [threading.Thread(target=read, args=each) for each in zip(readers, got, strict=True)]
    for thread in threads:
        thread.start()
    for index in range(count):
        service.outputs.write(prediction(index))
        time.sleep(0.001)
    for thread in threads:
        thread.join(PATIENCE_S)
    assert got == [list(range(count))] * 20
    assert service.stats == SinkStats()


def test_a_mesh_is_only_for_the_reader_that_asks_and_while_it_does(service, connect):
    asking, meshed = connect()
    _, plain = connect()
    asking.want_mesh()
    index = 0

    def next_face(messages):
        nonlocal index
        service.outputs.write(prediction(index))
        index += 1
        return next(messages)["faces"][0]

    wait_until(lambda: "mesh" in (face := next_face(meshed)) and decoded(face["mesh"])[:2] == (0.0, 16.0))
    asking.want_mesh(False)
    wait_until(lambda: "mesh" not in next_face(meshed))
    for _ in range(index):
        assert "mesh" not in next(plain)["faces"][0]


def decoded(mesh: str) -> tuple[float, float]:
    values = np.frombuffer(base64.b64decode(mesh), "<u2").reshape(468, 2)
    x, y = ((values / 65535 * 2 - 0.5) * (640, 480))[0]
    return round(float(x), 1) + 0.0, round(float(y), 1)


def test_at_most_15_records_a_second_have_meshes(service, connect):
    client, messages = connect()
    client.want_mesh()
    begun = time.monotonic()
    meshes = 0
    for index in range(300):
        service.outputs.write(prediction(index))
        time.sleep(0.003)
    service.outputs.write(prediction(300, faces=0))
    while (record := next(messages))["frame"] < 300:
        meshes += "mesh" in record["faces"][0]
    assert 0 < meshes <= 15 * (time.monotonic() - begun) + 1


def test_commands_arrive(service, connect):
    client, _ = connect()
    client.command("pause")
    client.command("resume")
    wait_until(lambda: service.commands == ["pause", "resume"])


BAD = [
    b"pause\n",
    b'{"command":"reboot"}\n',
    b'{"want":["frames"]}\n',
    b'{"command":"pause"\n',
    b'{"command":"pau\xc3\xa9"}\n',
    b"\xff\xfe\n",
    b"\0\n",
    b"\n",
    b"[" * 3000 + b"\n",
    b'{"want":["mesh"]}' + b" " * 4096 + b"\n",
    b"x" * 4096,
]


@pytest.mark.parametrize("line", BAD)
def test_anything_but_a_request_closes_the_reader(raw, line):
    connection = raw()
    connection.sendall(line)
    until_closed(connection)


def test_ten_thousand_malformed_lines_cost_the_others_nothing(service, connect, raw):
    _, messages = connect()
    rng = np.random.default_rng(0)
    for number in range(10):
        connection = raw()
        try:
            for _ in range(1000):
                connection.send(rng.bytes(int(rng.integers(1, 200))).replace(b"\n", b" ") + b"\n")
        except OSError:  # closed: that is what is expected
            pass
        service.outputs.write(prediction(number))
        assert next(messages)["frame"] == number
        until_closed(connection)
    assert service.commands == []
    assert service.stats == SinkStats()


def test_a_request_may_come_in_pieces(service, raw):
    connection = raw()
    for byte in b'{"command":"pause"}\n':
        connection.send(bytes([byte]))
    wait_until(lambda: service.commands == ["pause"])
    connection.sendall(b'{"command":"resume"}\n' * 400)
    wait_until(lambda: len(service.commands) == 401)


def test_a_reader_that_stops_asking_still_reads(service, raw):
    connection = raw()
    connection.shutdown(socket.SHUT_WR)
    with connection.makefile("rb") as lines:
        assert b"hello" in lines.readline()
        assert b"status" in lines.readline()
        service.outputs.write(prediction(5))
        assert json.loads(lines.readline())["frame"] == 5


def test_one_that_never_reads_loses_whole_lines_and_nobody_waits(service, connect, raw):
    slow = raw()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    _, messages = connect()
    slowest = 0.0
    for index in range(1500):
        begun = time.perf_counter()
        service.outputs.write(prediction(index))
        slowest = max(slowest, time.perf_counter() - begun)
        if index % 100 == 99:
            while next(messages)["frame"] != index:
                pass
    assert slowest < 0.5
    service.outputs.close()
    *lines, last = until_closed(slow).split(b"\n")
    frames = [json.loads(line).get("frame", -1) for line in lines]
    assert frames == sorted(frames)
    assert len(frames) < 1500
    assert last == b"" or lines  # what follows the last whole line was cut off by the end


def test_one_that_takes_nothing_is_closed(service, connect, raw, monkeypatch):
    monkeypatch.setattr(socket_reader, "PATIENCE_S", 0.3)
    slow = raw()
    _, messages = connect()
    end = time.monotonic() + PATIENCE_S
    index = 0
    while open_ends(service.path) > 2:
        assert time.monotonic() < end
        service.outputs.write(prediction(index))
        while next(messages)["frame"] != index:
            pass
        index += 1
        for _ in range(50):
            service.outputs.write(prediction(index, faces=4))
    assert until_closed(slow)


def open_ends(path: Path) -> int:
    """Number of the sockets at ``path`` in this process: the listening one, and one for each reader."""
    return sum(line.endswith(str(path)) for line in Path("/proc/net/unix").read_text().splitlines())


def test_one_that_goes_away_in_the_middle_costs_nothing(service, connect, raw):
    _, messages = connect()
    for index in range(12):
        connection = raw()
        service.outputs.write(prediction(index, faces=3))
        connection.close()
        assert next(messages)["frame"] == index
    wait_until(lambda: (service.outputs.write(prediction(99)), open_ends(service.path) == 2)[1])
    assert service.stats == SinkStats()


def test_there_are_so_many_readers_and_no_more(service, raw):
    for _ in range(MAX_READERS):
        raw()
    wait_until(lambda: open_ends(service.path) == 1 + MAX_READERS)
    assert until_closed(raw()) == b""


def test_without_a_reader_nothing_is_kept(service):
    for index in range(1000):
        service.outputs.write(prediction(index))
    with StreamClient(service.path) as client:
        messages = iter(client)
        assert {*next(messages)} >= {"hello"}
        next(messages)
        service.outputs.write(prediction(1000))
        assert next(messages)["frame"] == 1000
    assert service.stats == SinkStats()


def test_the_end_sends_the_rest_and_removes_the_file(service, connect):
    _, messages = connect()
    for index in range(100):
        service.outputs.write(prediction(index))
    service.outputs.close()
    assert [message["frame"] for message in messages] == list(range(100))
    assert not service.path.exists()


def test_a_reload_leaves_readers_connected_unless_the_path_changes(service, connect, tmp_path):
    _, messages = connect()
    service.outputs.change(service.settings, live=False)
    service.outputs.write(prediction(1))
    assert next(messages)["frame"] == 1
    other = tmp_path / "other.sock"
    service.outputs.change(OutputSettings(("socket",), socket=str(other)), live=True)
    assert list(messages) == []
    assert not service.path.exists()
    assert stat.S_ISSOCK(other.lstat().st_mode)


@pytest.mark.parametrize("umask", [0o077, 0o000])
def test_only_the_group_may_connect(tmp_path, umask):
    before = os.umask(umask)
    try:
        service = Service(tmp_path / "new" / "mien.sock")
        service.open()
        assert stat.S_IMODE(service.path.lstat().st_mode) == 0o660
        assert stat.S_IMODE(service.path.parent.lstat().st_mode) == 0o700
        service.outputs.close()
    finally:
        os.umask(before)


def test_two_services_at_one_path_are_a_wrong_setting(service, connect):
    connect()
    with pytest.raises(ConfigError, match=r"another service listens at .*output\.socket"):
        Service(service.path).open()
    connect()  # the first one is as before
    service.outputs.check(service.settings)


def test_of_many_that_start_at_once_one_listens(tmp_path):
    path = tmp_path / "mien.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    together = threading.Barrier(8)
    opened, refused = [], []

    def start():
        together.wait()
        try:
            opened.append(SocketFile(path))
        except ConfigError as error:
            refused.append(error)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert (len(opened), len(refused)) == (1, 7)
    with socket.socket(socket.AF_UNIX) as reader:
        reader.connect(str(path))
    opened[0].close()


def test_a_lock_that_somebody_holds_for_ever_does_not_keep_it_from_listening(tmp_path):
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    SocketFile(tmp_path / "mien.sock").close()
    os.close(handle)


def test_a_socket_that_was_left_behind_is_replaced(tmp_path):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "mien.sock"))
    service = Service(tmp_path / "mien.sock")
    service.open()
    with StreamClient(service.path) as client:
        assert "hello" in next(iter(client))
    service.outputs.close()


@pytest.mark.parametrize("kind", ["file", "folder", "link", "listener"])
def test_what_belongs_to_somebody_else_is_kept(tmp_path, kind):
    path = tmp_path / "mien.sock"
    foreign = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    match kind:
        case "file":
            path.write_text("precious")
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to(tmp_path / "absent")
        case _:
            foreign.bind(str(path))
    with pytest.raises(ConfigError, match="name another path"):
        Service(path).open()
    assert path.is_symlink() or path.exists()
    foreign.close()


def test_the_file_of_a_later_service_is_kept(service):
    service.path.unlink()
    later = Service(service.path)
    later.open()
    service.outputs.close()
    with StreamClient(service.path) as client:
        assert "hello" in next(iter(client))
    later.outputs.close()


def test_a_folder_that_cannot_be_made_or_written_is_named(tmp_path):
    service = Service(tmp_path / "absent" / "deeper" / "mien.sock")
    for begin in (service.open, lambda: service.outputs.check(service.settings)):
        with pytest.raises(OSError, match=r"output\.socket.*absent"):
            begin()
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        Service(tmp_path / "file" / "mien.sock").open()


def test_many_openings_leave_nothing_open(tmp_path):
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before, threads = count(), threading.active_count()
    for _ in range(30):
        service = Service(tmp_path / "mien.sock")
        service.open()
        with StreamClient(service.path) as client:
            next(iter(client))
        service.outputs.close()
    assert (count(), threading.active_count()) == (before, threads)


def test_a_run_without_it_loads_nothing_of_it():
    code = (
        "import sys; from edge import service; from edge.build import SINK_KINDS;"
        "from edge.settings import OutputSettings; from edge.sinks.outputs import Outputs;"
        "outputs = Outputs(SINK_KINDS); outputs.change(OutputSettings(('jsonl',)), True); outputs.close();"
        "sys.exit(any(name.startswith(('edge.stream', 'edge.sinks.socket')) for name in sys.modules))"
    )
    root = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
