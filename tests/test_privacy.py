"""No frame leaves the process: every byte that it writes or sends over 1,000 frames is accounted for.

strace sees what native code does, too. Accounted for are lines of JSON with the documented fields, to the
standard output or a reader of the socket, lines of words in the log, and messages to the service manager.
Anything else is a leak, whatever it holds.
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

from edge import __version__
from edge.bundles.store import SHIPPED
from edge.core.errors import StreamError
from edge.core.types import FaceStatus, Reason
from edge.stream.client import StreamClient

ROOT = Path(__file__).resolve().parents[1]
FRAMES = 1000
STRACE = "strace -f -qq -s 1000000 -x -e signal=none -e"
CALLS = (
    "open openat openat2 creat memfd_create ftruncate fallocate io_uring_setup "
    "write writev pwrite64 pwritev pwritev2 io_submit process_vm_writev "
    "sendfile splice vmsplice tee copy_file_range "
    "socket connect sendto sendmsg sendmmsg msgsnd mq_open mq_timedsend shmget "
    "execve execveat mkdir mkdirat mknod mknodat rename renameat renameat2 "
    "link linkat symlink symlinkat setxattr lsetxattr fsetxattr setxattrat"
).split()
"""A name tells something, too: so also what makes files, renames them, or starts programs."""
LABELS = set(json.loads((SHIPPED / "everyday" / "model.json").read_text("utf-8"))["labels"])
RECORD = {"schema", "frame", "source", "position_s", "size", "faces", "ms"}
FACE = {"id", "label", "status", "reasons", "probabilities", "presence", "box", "pose"}
POSE = {"yaw", "pitch", "roll"}
STAGES = {"landmarks", "features", "classify", "smooth", "total", "age"}
WORDS = r"(?!.*[A-Za-z0-9+/=]{70})"
"""No run that could be base64, which is wrapped at 76 at the latest; a SHA-256 has 64."""
MESSAGE = re.compile(rf"(READY=1|STOPPING=1|(WATCHDOG=1\n)?STATUS={WORDS}[\x20-\x7e]{{1,200}})")
LOG_LINE = re.compile(rf"{WORDS}[\x20-\x7e–…→×]{{0,4000}}")
MOST_LOG_BYTES = 10_000

_CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (-|\? ERESTART)?")
_RESUMED = re.compile(r"\s*<\.\.\. \w+ resumed>(.*)")
_BUFFER = re.compile(r'^(\d+)(?:<([^>]*)>)?, "((?:[^"\\]|\\.)*)"')

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="needs strace (apt-get install strace)"
)


def trace(folder: Path, *command: object) -> list[str]:
    """System calls of a command that write, send, name, or open something to that end; a line for each."""
    log = folder / "strace.log"
    name = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(name))
        threading.Thread(target=_listen, args=(manager,), daemon=True).start()
        names = ",".join(f"?{call}" for call in CALLS)  # not every processor has all of them
        result = subprocess.run(
            [*STRACE.split(), f"trace={names}", "-o", log, *map(str, command)],
            cwd=ROOT,
            env={**os.environ, "NOTIFY_SOCKET": str(name), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            timeout=300,
            check=False,
        )
    if b"ptrace" in result.stderr.lower():
        pytest.skip("strace may not trace here")
    assert result.returncode == 0, result.stderr
    return joined(log.read_text("utf-8", errors="surrogateescape").split("\n")[:-1])


def joined(lines: list[str]) -> list[str]:
    """Each call in one line, also where another thread's came in between."""
    found, begun = [], {}
    for line in lines:
        pid, _, rest = line.partition(" ")
        if line.endswith(" <unfinished ...>"):
            begun[pid] = line.removesuffix(" <unfinished ...>")
        elif resumed := _RESUMED.match(rest):
            found.append(begun.pop(pid) + resumed[1])
        else:
            found.append(line)
    return found + list(begun.values())


def _listen(manager: socket.socket) -> None:
    with suppress(OSError):  # closed
        while manager.recv(4096):
            pass


def leaks(calls: list[str]) -> list[str]:
    """Calls that are not accounted for."""
    found = []
    logged = 0
    for number, line in enumerate(calls):
        call = _CALL.match(line)
        if call is None:
            found.append(line)
            continue
        name, arguments, failed = call.groups()
        if failed or (number == 0 and name == "execve"):  # the command itself
            continue
        if name in ("open", "openat", "openat2"):
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
            return MESSAGE.fullmatch(text) is not None or all(map(_is_message, text.splitlines()))
        if descriptor == "1":
            return all(map(_is_record, text.splitlines()))
    except (ValueError, LookupError, TypeError, AttributeError):  # of another shape
        return False
    return descriptor == "2" and all(map(LOG_LINE.fullmatch, text.splitlines()))


def _is_message(line: str) -> bool:
    """Whether a line is what a reader of the socket gets that has asked for nothing."""
    message = json.loads(line)
    if "status" in message:
        status = message["status"]
        sinks = status.pop("sinks")
        words = (status.pop("bundle"), status.pop("paused"), *sinks, *message)
        numbers = [message["time"], *status.values(), *sinks["socket"].values()]
        known = words == ("everyday", "", "socket", "schema", "time", "status") and len(numbers) < 15
        return known and all(isinstance(each, int | float | None) for each in numbers)
    if "hello" in message:
        about = {"device": "porch", "version": __version__, "bundle": "everyday"}
        labels = message["hello"].pop("labels")
        return message == {"schema": 2, "hello": about} and set(labels) == LABELS
    return _is_record(line)


def _is_record(line: str) -> bool:
    record = json.loads(line)
    numbers = [record[name] for name in ("schema", "frame", "position_s")]
    numbers += [*record["size"], *record["ms"].values()]
    for face in record["faces"]:
        if face.keys() != FACE or face["label"] not in LABELS or face["probabilities"].keys() != LABELS:
            return False
        if face["pose"].keys() != POSE or not all(map(Reason, face["reasons"])):
            return False
        FaceStatus(face["status"])  # or a ValueError
        numbers += [face["id"], face["presence"], *face["probabilities"].values(), *face["box"]]
        numbers += face["pose"].values()
    return (
        record.keys() == RECORD
        and record["ms"].keys() == STAGES
        and isinstance(record["source"], str)
        and len(record["source"]) < 100
        and len(numbers) < 60
        and all(isinstance(number, int | float) for number in numbers)
        and len(line) < 2000
    )


def test_a_thousand_frames_and_not_a_picture_is_written_or_sent(tmp_path, portrait_files):
    config = tmp_path / "mien.toml"
    config.write_text('source = "demo"\ncamera.fps = 240\noutput.sinks = ["jsonl"]\n')
    run = ("run", "--config", config, "--frames", FRAMES)
    calls = trace(tmp_path, sys.executable, "-m", "edge", *run)
    records = [line for line in calls if " write(1, " in line]
    assert len(records) == FRAMES
    assert any("READY=1" in line for line in calls)
    assert leaks(calls) == []


def test_a_reader_of_the_socket_gets_no_picture(tmp_path, portrait_files):
    config, path = tmp_path / "mien.toml", tmp_path / "mien.sock"
    output = f'{{sinks = ["socket"], socket = "{path}", device = "porch"}}'
    config.write_text(f'source = "demo"\ncamera.fps = 60\noutput = {output}\n')
    messages = []

    def read():
        while not messages:
            with suppress(StreamError), StreamClient(path) as client:
                messages.extend(client)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    calls = trace(tmp_path, sys.executable, "-m", "edge", "run", "--config", config, "--frames", 300)
    reader.join(60)
    assert {"hello", "status", "frame"} <= {key for message in messages for key in message}
    assert sum("hello" in line and "sendto(" in line for line in calls) == 1
    assert leaks(calls) == []


def test_annotate_writes_nothing_but_its_output_and_connects_to_nothing(tmp_path, portrait_files):
    out = tmp_path / "out.png"
    calls = trace(tmp_path, sys.executable, "-m", "mien", "annotate", portrait_files[0], "--out", out)
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out.jsonl", "out.png"]
    name = rf'"{re.escape(str(tmp_path))}/(\.out-\w+|out)\.(png|jsonl)"'
    said = r'write\(1, "(1 picture[^"]{1,300}|\\n)"'
    ours = re.compile(rf"(openat\(AT_FDCWD|rename\({name}), {name}|write\([3-9], |{said}")
    found = leaks(calls)
    assert [line for line in found if not ours.search(line)] == []
    assert sum("rename(" in line for line in found) == 2


def test_no_module_of_the_service_calls_an_encoder():
    encoder = re.compile(r"\b(imwrite|imencode|VideoWriter)\b")
    modules = [path for package in ("edge", "mien") for path in (ROOT / package).rglob("*.py")]
    found = {path.parent.relative_to(ROOT).as_posix() for path in modules if encoder.search(path.read_text())}
    assert "mien/annotate" in found
    assert found <= {"mien/annotate", "mien/page"}  # the page shows the demo's own portraits


@pytest.mark.parametrize(
    "deed",
    [
        "open('{folder}/frame.png', 'wb').write(frame)",
        "os.write(1, frame)",
        "os.write(2, frame)",
        "print(frame.hex(), file=sys.stderr)",
        "base64.encode(io.BytesIO(frame), sys.stderr.buffer)",
        "print(frame.hex())",
        "print(base64.b64encode(frame).decode(), flush=True)",
        "os.mkdir('{folder}/' + frame.hex()[:200])",
        "os.symlink(frame.hex(), '{folder}/frame')",
        "os.rename('{folder}/notify', '{folder}/' + frame.hex()[:200])",
        "os.execv(sys.executable, [sys.executable, '-S', '-c', '', frame.hex()])",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(frame, ('127.0.0.1', 9))",
        "os.write(os.memfd_create('frames'), frame)",
        "channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); "
        "channel.connect(os.environ['NOTIFY_SOCKET']); channel.send(frame)",
        "channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); "
        "channel.connect(os.environ['NOTIFY_SOCKET']); channel.send(b'STATUS=' + frame.hex()[:190].encode())",
    ],
)
def test_a_leak_would_be_seen(tmp_path, deed):
    assert leaks(_calls_of(deed.format(folder=tmp_path), tmp_path))


def test_where_nothing_leaks_nothing_is_seen(tmp_path):
    assert leaks(_calls_of("pass", tmp_path)) == []


def _calls_of(deed, folder):
    code = "import base64, io, os, socket, sys; frame = bytes(range(256)) * 3; " + deed
    return trace(folder, sys.executable, "-S", "-c", code)


@pytest.mark.parametrize(
    "call",
    [
        'openat2(AT_FDCWD, "frame.png", {flags=O_WRONLY|O_CREAT, mode=0644, resolve=0}, 24) = 3',
        "io_submit(0x7f, 1, [{aio_lio_opcode=IOCB_CMD_PWRITE}]) = 1",
        'mq_timedsend(3, "frame", 5, 0, NULL) = 0',
        'setxattr("results.jsonl", "user.frame", "frame", 5, 0) = 0',
        'execve("/usr/bin/curl", ["curl", "frame"], 0x7f /* 1 var */) = 0',
        'write(5, "frame", 5) = ?',
        "what strace never wrote",
    ],
)
def test_a_call_that_is_not_accounted_for_is_a_leak(call):
    first = '7  execve("/usr/bin/python3", ["python3"], 0x7f /* 1 var */) = 0'
    assert leaks([first, f"7  {call}"]) == [f"7  {call}"]


def test_calls_that_another_thread_interrupts_are_joined():
    lines = [
        r'7  write(2, "one\n", 4 <unfinished ...>',
        r'8  write(2, "two\n", 4)         = 4',
        r"7  <... write resumed>)            = 4",
        r'8  write(2, "three\n", 6 <unfinished ...>',
    ]
    whole = [
        lines[1],
        r'7  write(2, "one\n", 4)            = 4',
        r'8  write(2, "three\n", 6',
    ]
    assert joined(lines) == whole
    assert leaks(whole) == [whole[2]]


FACE_OF_A_RECORD = {
    "id": 0,
    "label": "happy",
    "status": "ok",
    "probabilities": dict.fromkeys(LABELS, 0.1),
    "presence": 1.0,
    "box": [1.0, 2.0, 3.0, 4.0],
    "reasons": ["dark"],
    "pose": {"yaw": 1.0, "pitch": 2.0, "roll": 3.0},
}


@pytest.mark.parametrize(
    ("face", "rest", "known"),
    [
        ({}, {}, True),
        ({"label": "frame"}, {}, False),
        ({"status": "frame"}, {}, False),
        ({"id": "frame"}, {}, False),
        ({"box": ["frame"]}, {}, False),
        ({"pose": {"yaw": "frame", "pitch": 0.0, "roll": 0.0}}, {}, False),
        ({"reasons": ["frame"]}, {}, False),
        ({"probabilities": {"frame": 1}}, {}, False),
        ({}, {"source": "f" * 100}, False),
        ({}, {"source": ["frame"]}, False),
        ({}, {"position_s": "frame"}, False),
        ({}, {"ms": {"frame": 1}}, False),
        ({}, {"frames": "frame"}, False),
    ],
)
def test_no_field_of_a_record_holds_anything_else(face, rest, known):
    record = {"schema": 2, "frame": 3, "source": "demo", "position_s": 1.5, "size": [640, 480]}
    record["ms"] = dict.fromkeys(STAGES, 1.0)
    line = json.dumps(record | {"faces": [FACE_OF_A_RECORD | face]} | rest)
    assert _is_known("write", "1", line.encode()) is known
