"""Pictures, camera frames and the demo: the answers are those of the program, and everything is bounded."""

import base64
import json
import re
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.sources import containers
from mien import Recognizer, Video
from tests.mjpeg import MjpegServer, part

ROOT = Path(__file__).resolve().parents[3]
FRAMES = 12


def recognize(client, data, session="a", kind="picture", **query):
    return client.post("/api/recognize", params={"session": session, "kind": kind, **query}, content=data)


def without_times(record):
    return {key: value for key, value in record.items() if key not in ("ms", "time", "source")}


@pytest.fixture(scope="module")
def frames():
    """JPEG files of a moving face."""
    with Video("demo", fps=240) as video:
        views = [frame.rgb for frame, _ in zip(video, range(FRAMES), strict=False)]
    return [cv2.imencode(".jpg", cv2.cvtColor(view, cv2.COLOR_RGB2BGR))[1].tobytes() for view in views]


def test_state(client):
    state = client.get("/api/state").json()
    assert state["bundle"] == "everyday"
    assert {"name": "everyday", "labels": state["labels"]} in state["bundles"]
    assert state["points"] == 468
    points = [index for line in state["contours"] for index in line["points"]]
    assert 0 <= min(points) <= max(points) < 468
    assert state["socket"].endswith("none.sock")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_picture_gets_the_answer_of_predict(client, portrait, suffix):
    bgr = cv2.imdecode(np.frombuffer(portrait, np.uint8), cv2.IMREAD_COLOR)
    data = cv2.imencode(suffix, bgr)[1].tobytes()
    answer = recognize(client, data).json()
    with Recognizer() as recognizer:
        result = recognizer.predict(
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), color="bgr"
        )
    (expected,) = result.to_dict()["faces"]
    (face,) = answer["record"]["faces"]
    assert face == {**expected, "id": face["id"]}
    assert answer["labels"] == list(expected["probabilities"])
    height, width = bgr.shape[:2]
    numbers = np.frombuffer(base64.b64decode(answer["meshes"][0]), "<u2").reshape(468, 2)
    points = (numbers / 65535 * 2 - 0.5) * [width, height]
    np.testing.assert_allclose(points, result.faces[0].landmarks[:, :2], atol=0.02)


def test_the_demo_gives_the_records_of_mien_run(client, portrait):
    command = [sys.executable, "-m", "mien", "run", "--source", "demo", "--frames", str(FRAMES)]
    command += ["--sink", "jsonl", "--max-faces", "8"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    answers = [client.post("/api/demo?session=demo").json() for _ in range(FRAMES)]
    records = [json.loads(line) for line in run.stdout.splitlines()]
    assert [without_times(each["record"]) for each in answers] == [*map(without_times, records)]
    head, _, jpeg = answers[0]["picture"].partition(",")
    assert head == "data:image/jpeg;base64"
    stated = containers.stated_size(base64.b64decode(jpeg))
    assert [stated.width, stated.height] == answers[0]["record"]["size"]


def test_frames_of_a_camera_get_the_labels_of_mien_run(page, portrait, frames):
    """The same JPEG files at the same times, as the stream of a camera and as uploads of the browser."""
    answers, done = [], threading.Event()

    class Camera(MjpegServer):
        def play(self, write, stopping):
            with page.client() as client:
                for jpeg in (*frames, *frames):
                    due = time.monotonic() + 0.06
                    write(part(jpeg))
                    if not done.is_set():
                        answers.append(recognize(client, jpeg, "camera", "frame").json()["record"])
                    time.sleep(max(0, due - time.monotonic()))
                done.set()
                stopping.wait()

    camera = Camera()
    camera.start()
    command = [sys.executable, "-m", "mien", "run", "--source", camera.url, "--sink", "jsonl"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert done.wait(30)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    camera.stop()
    records = {record["frame"]: record for record in map(json.loads, output.splitlines())}
    common = [(records[index], answer) for index, answer in enumerate(answers) if index in records]
    assert len(common) >= FRAMES
    for record, answer in common:
        (expected,), (face,) = record["faces"], answer["faces"]
        assert (face["label"], face["status"]) == (expected["label"], expected["status"])
        assert face["probabilities"] == pytest.approx(expected["probabilities"], abs=0.05)
    assert len({answer["faces"][0]["id"] for answer in answers}) == 1
    assert [answer["frame"] for answer in answers] == [*range(2 * FRAMES)]


def test_an_answer_does_not_wait_for_the_network(client, portrait, frames):
    """Head and body are two packets, of which the second waits 40 ms where TCP_NODELAY is not set."""
    waits = []
    for _ in range(2 * FRAMES):
        started = time.monotonic()
        recognize(client, frames[0], "wait", "frame").raise_for_status()
        waits.append(time.monotonic() - started)
    assert np.percentile(waits, 25) < 0.035


def png(width, height):
    """A sound PNG of one grey, which is small however many pixels it has."""

    def chunk(name, content):
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    pack, rows = zlib.compressobj(1), []
    for _ in range(height):
        rows.append(pack.compress(bytes(1 + width)))
    pixels = b"".join([*rows, pack.flush()])
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return containers.PNG + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ({"kind": "video"}, 400, "frame or picture"),
        ({"kind": ""}, 400, "frame or picture"),
        ({"session": ""}, 400, "session"),
        ({"session": "a" * 65}, 400, "session"),
        ({"session": "../etc"}, 400, "session"),
        ({"session": "a\n"}, 400, "session"),
        ({"bundle": "nothing"}, 404, "everyday"),
        ({"bundle": "edge/bundles/shipped/everyday"}, 404, "everyday"),
        ({"bundle": "../everyday"}, 404, "everyday"),
    ],
)
def test_wrong_queries(client, query, status, words):
    answer = recognize(client, b"", **query)
    assert answer.status_code == status
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 415),
        (b"GIF89a" + bytes(100), 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
        (b"\0\0\0\x20ftypavif" + bytes(100), 415),
        (containers.JPEG, 400),
        (containers.PNG, 400),
        (b"RIFF\x10\0\0\0WEBPVP8 ", 400),
        (b"RIFF\x10\0\0\0WEBPVP8X" + bytes(30), 400),
        (png(8, 8)[:-30], 400),
        (png(4097, 8), 413),
    ],
)
def test_what_is_no_picture(client, data, status):
    answer = recognize(client, data)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]


def test_a_picture_of_100_megapixels_is_refused_at_once_and_in_little_memory(page, client, portrait):
    assert recognize(client, portrait).status_code == 200
    data, before = png(10_000, 10_000), page.peak()
    started = time.monotonic()
    answer = recognize(client, data)
    assert answer.status_code == 413
    assert "10000×10000" in answer.json()["error"]
    assert time.monotonic() - started < 0.5
    assert page.peak() - before < 8 << 20


def test_a_body_is_counted_while_it_streams(page, client):
    before = page.memory()

    def chunks(count):
        yield from (bytes(1_000_000) for _ in range(count))

    assert recognize(client, chunks(20)).status_code == 413
    assert recognize(client, bytes(8_000_001)).status_code == 413
    assert recognize(client, bytes(8_000_000)).status_code == 415
    assert page.memory() - before < 32 << 20


def test_one_request_of_a_session_at_a_time_and_a_page_that_answers_meanwhile(client, page, portrait):
    """While four sessions recognize large pictures, two at once."""
    bgr = cv2.imdecode(np.frombuffer(portrait, np.uint8), cv2.IMREAD_COLOR)
    large = cv2.imencode(".jpg", cv2.resize(bgr, (2000, 2400)))[1].tobytes()

    def send(session):
        with page.client() as own:
            return recognize(own, large, session).status_code

    waits = []
    with ThreadPoolExecutor(5) as pool:
        answers = [pool.submit(send, f"busy-{i % 4}") for i in range(5)]
        while not all(answer.done() for answer in answers):
            started = time.monotonic()
            client.get("/api/state").raise_for_status()
            waits.append(time.monotonic() - started)
    assert sorted(answer.result() for answer in answers) == [200, 200, 200, 200, 429]
    assert len(waits) > 5
    assert np.median(waits) < 0.1


def test_the_session_unused_for_longest_makes_room(client, portrait, frames):
    def frame_number(session):
        return recognize(client, frames[0], session, "frame").json()["record"]["frame"]

    names = [f"room-{number}" for number in range(8)]
    assert [frame_number(name) for name in names] == [0] * 8
    assert frame_number("room-0") == 1
    assert frame_number("room-8") == 0  # takes the place of room-1
    assert frame_number("room-0") == 2
    assert frame_number("room-1") == 0


def test_unused_sessions_and_slow_uploads_end(start_page, portrait, frames):
    patches = "import mien.page.sessions as s, mien.page.body as b, mien.page.connection as c\n"
    page = start_page(patches=patches + "s.UNUSED_S = b.UPLOAD_S = c.REQUEST_S = 0.3")
    threads = Path(f"/proc/{page.process.pid}/task")
    with page.client() as client:
        assert recognize(client, frames[0], "a", "frame").json()["record"]["frame"] == 0
        busy = len(list(threads.iterdir()))
        deadline = time.monotonic() + 10
        while len(list(threads.iterdir())) >= busy and time.monotonic() < deadline:
            time.sleep(0.05)
        assert recognize(client, frames[0], "a", "frame").json()["record"]["frame"] == 0
    head = b"POST /api/recognize?session=b&kind=frame HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % page.port
    idle = [page.connect() for _ in range(70)]  # more than it serves at a time
    for connection in idle:
        with connection:
            assert connection.recv(1) == b""
    for sent, answer in (
        (head + b"Content-Length: 1000\r\n\r\nabc", b"HTTP/1.1 400"),  # a body that never ends
        (head, b""),  # nor does the head
        (b"", b""),
    ):
        with page.connect() as connection:
            connection.sendall(sent)
            got = b""
            try:
                while data := connection.recv(4096):
                    got += data
            except ConnectionResetError:
                pass
            assert got.startswith(answer)
            assert bool(got) == bool(answer)


def test_missing_face_models_are_one_line(start_page, tmp_path, portrait):
    page = start_page(env={"STATE_DIRECTORY": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)})
    with page.client() as client:
        for answer in (recognize(client, portrait), client.post("/api/demo?session=a")):
            assert answer.status_code == 503
            assert "mien setup" in answer.json()["error"]
    assert "Traceback" not in page.end()[1]


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace (apt-get install strace)")
def test_nothing_about_pictures_is_said_or_written(start_page, portrait, tmp_path):
    """While they are recognized, nothing is opened to write or to send but the answers' own connections."""
    page, log = start_page(env={"PYTHONDONTWRITEBYTECODE": "1"}), tmp_path / "strace.log"
    names = "openat,creat,memfd_create,socket,connect,execve,mkdir,rename,symlink,link,sendto"
    names = ",".join(f"?{name}" for name in names.split(","))  # not every processor has all of them
    trace = ["strace", "-f", "-qq", "-e", f"trace={names}", "-o", str(log), "-p", str(page.process.pid)]
    with subprocess.Popen(trace, stderr=subprocess.PIPE, text=True) as strace, page.client() as client:
        while not log.exists() or "sendto" not in log.read_text("utf-8"):
            if strace.poll() is not None:
                pytest.skip(f"strace may not trace here: {strace.stderr.read()}")
            client.get("/api/state")
        for data in (portrait, portrait[:5000], png(8, 8), b"nothing", png(8, 8)[:-30]):
            recognize(client, data)
        strace.terminate()
    calls = [line for line in log.read_text("utf-8").splitlines() if "sendto(" not in line]
    reading = re.compile(
        r"openat\((?!.*(O_WRONLY|O_RDWR|O_CREAT))|openat\(AT_FDCWD, \"/dev/null\"|resumed|exited"
    )
    assert [line for line in calls if not reading.search(line)] == []
    assert any("model.tflite" in line for line in calls)
    errors = page.end()[1]
    assert [line for line in errors.splitlines() if "XNNPACK" not in line] == []
