"""No frame leaves the process: every byte that it writes or sends over 1,000 frames is accounted for.

strace sees what native code does, too. Accounted for are lines of JSON with the documented fields, lines of
text in the log, and messages to the service manager. Anything else is a leak, whatever it holds.
"""

import ast
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from edge.assets import PORTRAITS, find
from edge.core.errors import ModelError

ROOT = Path(__file__).resolve().parents[1]
FRAMES = 1000
CALLS = (
    "open,openat,creat,memfd_create,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,sendfile,"
    "splice,vmsplice,tee,copy_file_range,ftruncate,fallocate,io_uring_setup,socket,connect,msgsnd,shmget,"
    "process_vm_writev"
)
RECORD = {"schema", "frame", "source", "time", "faces", "ms"}
FACE = {"id", "label", "status", "probabilities", "presence", "box"}
MESSAGE = re.compile(r"(READY=1|STOPPING=1|(WATCHDOG=1\n)?STATUS=[\x20-\x7e]{1,200})")
LOG_LINE = re.compile(r"[\x20-\x7e–…→×]{0,4000}")
MOST_LOG_BYTES = 10_000

_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")
_BUFFER = re.compile(r'^(\d+)(?:<([^>]*)>)?, "((?:[^"\\]|\\.)*)"')

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="needs strace (apt-get install strace)"
)


def trace(folder: Path, *command: object) -> list[str]:
    """System calls of a command that write, send, or open something to that end."""
    log = folder / "strace.log"
    name = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(name))
        threading.Thread(target=_listen, args=(manager,), daemon=True).start()
        result = subprocess.run(
            [
                "strace",
                "-f",
                "-qq",
                "-s",
                "1000000",
                "-x",
                "-e",
                f"trace={CALLS}",
                "-o",
                log,
                *map(str, command),
            ],
            cwd=ROOT,
            env={**os.environ, "NOTIFY_SOCKET": str(name), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            timeout=300,
            check=False,
        )
    if b"ptrace" in result.stderr.lower():
        pytest.skip("strace may not trace here")
    assert result.returncode == 0, result.stderr
    return log.read_text("utf-8", errors="surrogateescape").splitlines()


def _listen(manager: socket.socket) -> None:
    with suppress(OSError):  # closed
        while manager.recv(4096):
            pass


def leaks(calls: list[str]) -> list[str]:
    """Calls that are not accounted for."""
    found = []
    logged = 0
    for line in calls:
        call = _CALL.match(line)
        if call is None or int(call[3]) < 0:
            if "unfinished" in line or "resumed" in line:
                found.append(line)
            continue
        name, arguments = call[1], call[2]
        if name in ("open", "openat"):
            writes = re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND", arguments)
            if writes and '"/dev/null"' not in arguments:
                found.append(line)
        elif name == "socket":
            if not arguments.startswith("AF_UNIX"):
                found.append(line)
        elif name == "connect":
            if "/notify" not in arguments:
                found.append(line)
        else:
            buffer = _BUFFER.match(arguments)
            if buffer is None or name not in ("write", "sendto"):
                found.append(line)
                continue
            data = ast.literal_eval(f'b"{buffer[3]}"')
            logged += len(data) if buffer[1] == "2" else 0
            if not _is_known(name, buffer[1], data):
                found.append(line)
    if logged > MOST_LOG_BYTES:
        found.append(f"{logged} bytes of log")
    return found


def _is_known(name: str, descriptor: str, data: bytes) -> bool:
    try:
        text = data.decode()
        if name == "sendto":
            return MESSAGE.fullmatch(text) is not None
        if descriptor == "1":
            return all(map(_is_record, text.splitlines()))
    except (UnicodeDecodeError, ValueError):
        return False
    return descriptor == "2" and all(map(LOG_LINE.fullmatch, text.splitlines()))


def _is_record(line: str) -> bool:
    record = json.loads(line)
    numbers = len(re.findall(r"[\d.]+", line))
    faces = all(face.keys() == FACE for face in record["faces"])
    return record.keys() == RECORD and faces and numbers < 60 and len(line) < 2000


@pytest.fixture
def portraits():
    try:
        for asset in PORTRAITS:
            find(asset)
    except ModelError as error:
        pytest.skip(f"needs the portraits: {error}")


def test_a_thousand_frames_and_not_a_picture_is_written_or_sent(tmp_path, portraits):
    config = tmp_path / "mien.toml"
    config.write_text('source = "demo"\ncamera.fps = 240\noutput.sinks = ["jsonl"]\n')
    run = ("run", "--config", config, "--frames", FRAMES)
    calls = trace(tmp_path, sys.executable, "-m", "edge", *run)
    records = [line for line in calls if " write(1, " in line]
    assert len(records) == FRAMES
    assert any("READY=1" in line for line in calls)
    assert leaks(calls) == []


@pytest.mark.parametrize(
    "deed",
    [
        "open('{folder}/frame.png', 'wb').write(frame)",
        "os.write(1, frame)",
        "os.write(2, frame)",
        "print(frame.hex())",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(frame, ('127.0.0.1', 9))",
        "os.write(os.memfd_create('frames'), frame)",
        "channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); "
        "channel.connect(os.environ['NOTIFY_SOCKET']); channel.send(frame)",
    ],
)
def test_a_leak_would_be_seen(tmp_path, deed):
    code = "import os, socket; frame = bytes(range(256)) * 3; " + deed.format(folder=tmp_path)
    assert leaks(trace(tmp_path, sys.executable, "-S", "-c", code))
