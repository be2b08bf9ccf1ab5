"""Real videos, a real stream server, and captures whose every step the test decides."""

import logging
import signal
import threading
from queue import SimpleQueue

import cv2
import numpy as np
import pytest

from edge.sources.opencv import configure_opencv
from tests.mjpeg import PictureServer

PATIENCE_S = 20.0
"""How long a test waits for what must happen; reached only when it fails."""


@pytest.fixture(autouse=True, scope="session")
def _opencv_as_the_app_has_it():
    """Also where the first thing that OpenCV opens is a video that a test writes."""
    configure_opencv()


@pytest.fixture(autouse=True)
def no_endless_test():
    """A source that never ends fails its test instead of stopping the suite."""

    def fail(*_):
        raise TimeoutError("the test hangs")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def make_video(tmp_path, write_clip):
    """Encode ``count`` frames of 64×48: dark noise; in frame i the columns 2·i and 2·i + 1 are white."""

    def make(name="clip.avi", codec="MJPG", count=30):
        frames = np.random.default_rng(1).integers(0, 60, (count, 48, 64, 3), np.uint8)
        for index, rgb in enumerate(frames):
            rgb[:, 2 * index : 2 * index + 2] = 255
        return write_clip(tmp_path / name, frames, codec=codec)

    return make


@pytest.fixture
def portraits(tmp_path):
    """Blue pictures under the names of the demo's portraits, with a red disc where the face is."""
    paths = []
    for name, height, centre, radius in (
        ("astronaut.png", 512, (225, 123), 52),
        ("grace_hopper.jpg", 600, (266, 232), 101),
    ):
        bgr = np.full((height, 512, 3), (255, 0, 0), np.uint8)
        cv2.circle(bgr, centre, radius, (0, 0, 255), -1)
        cv2.imwrite(str(tmp_path / name), bgr)
        paths.append(tmp_path / name)
    return paths


@pytest.fixture
def on_log():
    """Call something whenever a source logs a line."""
    logger, handlers = logging.getLogger("edge.sources"), []

    def watch(call):
        handler = logging.Handler()
        handler.emit = lambda record: call()  # type: ignore[method-assign,assignment]
        handlers.append(handler)
        logger.addHandler(handler)

    yield watch
    for handler in handlers:
        logger.removeHandler(handler)


@pytest.fixture
def mjpeg_server():
    """A stream of red pictures."""
    server = PictureServer(np.full((48, 64, 3), (250, 0, 0), np.uint8))
    server.start()
    yield server
    server.stop()


class ScriptedCapture:
    """A camera that does what the test puts into ``script``: a frame's brightness, None, or an error.

    ``read`` waits for the next entry, as a camera does for its next frame.
    """

    may_freeze = True

    def __init__(self, *script):
        self.script: SimpleQueue[int | Exception | None] = SimpleQueue()
        self.closed = threading.Event()
        self.skipped = 0
        self.waiting = threading.Semaphore(0)
        """Released each time that ``read`` begins."""
        for step in script:
            self.script.put(step)

    def read(self):
        self.waiting.release()
        step = self.script.get()
        if isinstance(step, Exception):
            raise step
        return None if step is None else (np.full((2, 2, 3), step, np.uint8), 1000 + step)

    def skip(self):
        self.skipped += 1
        self.read()

    def close(self):
        self.closed.set()

    def wait_for_reads(self, count):
        """Until ``read`` was called ``count`` more times: all earlier frames are then delivered."""
        for _ in range(count):
            assert self.waiting.acquire(timeout=PATIENCE_S)


@pytest.fixture
def scripted_capture():
    return ScriptedCapture
