"""OpenCV cameras and streams, against a real server on localhost."""

import http.server
import itertools
import logging
import os
import threading
from contextlib import contextmanager

import cv2
import numpy as np
import pytest

from edge.core.errors import SourceError
from edge.sources import camera, capture, live, opencv
from edge.sources.camera import ENCODE_HINT, camera_source, stream_source


@pytest.fixture
def impatient(monkeypatch):
    """Neither attempts nor the pauses between them take long."""
    monkeypatch.setattr(camera, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(live, "back_off", lambda: itertools.repeat(0.02))


def test_an_mjpeg_stream(mjpeg_server):
    source = stream_source(mjpeg_server.url)
    frames = iter(source)
    first, second = next(frames), next(frames)
    assert first.rgb.shape == (48, 64, 3)
    red, green, blue = first.rgb.reshape(-1, 3).mean(0)
    assert red > 240
    assert max(green, blue) < 15
    assert first.captured_ns < second.captured_ns
    assert first.index < second.index
    assert first.origin == "http://…"
    source.close()
    assert list(frames) == []


@pytest.mark.usefixtures("impatient")
def test_a_stream_that_stops_and_returns(mjpeg_server, caplog, on_log):
    source = stream_source(mjpeg_server.url.replace("//", "//user:secret@") + "?token=secret")
    frames = iter(source)
    with caplog.at_level(logging.INFO):
        next(frames)
        mjpeg_server.stop()
        lost = threading.Event()
        on_log(lost.set)
        restart = threading.Thread(target=lambda: (lost.wait(), mjpeg_server.start()))
        restart.start()
        while source.stats.reopened == 0:
            next(frames)
        restart.join()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "secret" not in caplog.text
    source.close()


@pytest.mark.usefixtures("impatient")
def test_a_stream_that_stalls(mjpeg_server, caplog, on_log):
    source = stream_source(mjpeg_server.url)
    frames = iter(source)
    next(frames)
    mjpeg_server.stalled = True
    on_log(lambda: setattr(mjpeg_server, "stalled", False))
    while source.stats.reopened == 0:
        next(frames)
    assert "gave no frame" in caplog.records[0].getMessage()
    source.close()


@contextmanager
def snapshots(pictures):
    """An address that gives one picture for each request."""

    class Camera(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            jpeg = cv2.imencode(".jpg", next(pictures))[1].tobytes()
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.send_header("Content-Length", str(len(jpeg)))
            self.end_headers()
            self.wfile.write(jpeg)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/snapshot.jpg"
        server.shutdown()


def grey(brightness, width=64):
    return np.full((48, width, 3), brightness, np.uint8)


@pytest.fixture
def asking_fast(monkeypatch):
    monkeypatch.setattr(camera, "SNAPSHOT_S", 0.01)


@pytest.mark.usefixtures("asking_fast")
def test_an_address_of_snapshots_is_asked_again_and_again(caplog):
    with snapshots(grey(brightness) for brightness in itertools.count(10, 2)) as url:
        source = stream_source(url)
        frames = iter(source)
        with caplog.at_level(logging.INFO):
            brightness = [next(frames).rgb.mean() for _ in range(4)]
        source.close()
        assert list(frames) == []
    assert brightness == sorted(set(brightness))
    [record] = caplog.records
    assert "one picture at a time" in record.getMessage()
    assert source.stats.reopened == 0


@pytest.mark.usefixtures("asking_fast")
def test_snapshots_that_do_not_change_are_no_fault(caplog, monkeypatch):
    monkeypatch.setattr(capture, "FROZEN_S", 0.1)
    with snapshots(itertools.repeat(grey(90))) as url, caplog.at_level(logging.INFO):
        source = stream_source(url)
        frames = iter(source)
        first = next(frames)
        while next(frames).captured_ns < first.captured_ns + 500_000_000:
            pass
        frames.close()
        frames = iter(source)  # a capture of its own: nothing of it is said twice
        assert [next(frames).rgb.mean() for _ in range(4)] == [90] * 4
        source.close()
        assert list(frames) == []
    assert source.stats.reopened == 0
    assert [record.getMessage()[:33] for record in caplog.records] == ["the address gives one picture at "]


@pytest.mark.usefixtures("asking_fast")
def test_opencv_turns_no_snapshot_by_itself():
    with snapshots(itertools.repeat(grey(90))) as url:
        opened = camera.Stream(url)()
        for _ in range(3):
            assert opened.read() is not None
            assert opened.video_capture.get(cv2.CAP_PROP_ORIENTATION_AUTO) == 0
        opened.close()


def test_frames_that_are_too_large_count_as_a_lost_camera(caplog, on_log):
    with snapshots(itertools.repeat(grey(90, width=40_000))) as url:
        source = stream_source(url)
        on_log(source.close)
        assert list(source) == []
    assert "no camera (the frames are too large: 40000×48 px, expected at most 8192 px" in caplog.text


@pytest.mark.usefixtures("impatient")
def test_a_server_that_says_nothing(mjpeg_server, caplog, on_log):
    mjpeg_server.silent = True
    source = stream_source(mjpeg_server.url)
    on_log(source.close)
    assert list(source) == []
    assert "no answer" in caplog.text


def test_a_camera_that_is_not_there(caplog, on_log, capfd):
    source = camera_source(63, width=640, height=480, fps=30)
    on_log(source.close)
    assert list(source) == []
    [record] = caplog.records
    assert record.getMessage().startswith("camera:63: no camera (/dev/video63 is absent")
    assert capfd.readouterr().err == ""


def test_opencv_may_not_block_longer_than_three_seconds(monkeypatch):
    monkeypatch.delenv("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", raising=False)
    camera_source(63, width=640, height=480)
    assert float(os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"]) <= 3
    assert opencv.TIMEOUT_S <= 3


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1/stream",
        "rtsp://u:secret@[::1/stream",
        "rtsp://u:secret@host:port/",
        "rtsp://host:99999",
        "http://ho℀st/",
        "rtsp://u:secret@/live",
        "rtsp://",
        "rtsp://u:secret\udce9@host/",
    ],
)
def test_malformed_address(url):
    with pytest.raises(SourceError, match=r"malformed stream address (rtsp|http)://…: expected") as raised:
        stream_source(url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("rtsp://u:a@b:[c]℀d@127.0.0.1:9/live", False),
        ("rtsp://u:a%2Fb@127.0.0.1:9/live?x=/", False),
        ("rtsp://u:a/b@127.0.0.1:9/live", True),
        ("rtsp://u:#@127.0.0.1:9/live", True),
        ("rtsp://127.0.0.1:9/?@", True),
        ("rtsp://u:a/\udce9@127.0.0.1:9/live", True),
    ],
)
def test_how_to_write_a_password_is_said_where_it_may_be_cut(url, warned, caplog, on_log):
    source = stream_source(url)
    on_log(source.close)
    assert list(source) == []
    *before, last = [record.getMessage() for record in caplog.records]
    assert before == [ENCODE_HINT] * warned
    assert last == "rtsp://…: no camera (no answer, refused, or no video that FFmpeg knows); " + (
        "trying again until it is back"
    )
