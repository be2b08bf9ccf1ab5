"""The view Watch before a real ``mien run`` with a socket, through all that may happen to it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import cv2
import pytest

from tests.mien.page.browser.conftest import ROOT, scrolls_sideways, wait
from tests.mjpeg import MjpegServer, part

KEEP_EVENT_SOURCES = """() => {
  window.sources = [];
  window.EventSource = class extends EventSource {
    constructor(address) {
      super(address);
      sources.push(this);
    }
  };
}"""
OPEN_SOURCES = "sources.filter(({ readyState }) => readyState !== EventSource.CLOSED).length"
SET_HIDDEN = """hidden => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
IS_BLANK = """() => {
  const canvas = document.querySelector("#watch-canvas");
  const { width, height } = canvas;
  const blank = Object.assign(document.createElement("canvas"), { width, height });
  return canvas.toDataURL() === blank.toDataURL();
}"""


class Camera(MjpegServer):
    """Shows one view."""

    def __init__(self, view) -> None:
        super().__init__()
        self._part = part(cv2.imencode(".jpg", view[:, :, ::-1])[1].tobytes())

    def play(self, write: Callable[[bytes], object], stopping: threading.Event) -> None:
        while not stopping.wait(1 / 15):
            write(self._part)


@pytest.fixture
def camera(views) -> Iterator[Camera]:
    camera = Camera(views[0])
    camera.start()
    yield camera
    camera.stop()


@pytest.fixture
def run(camera, tmp_path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts a service on the camera, with its socket at ``tmp_path / "s"``."""
    settings = tmp_path / "mien.toml"
    output = f'sinks = ["socket"]\nsocket = "{tmp_path / "s"}"\ndevice = "hall"'
    settings.write_text(f'source = "{camera.url}"\n[output]\n{output}\n')
    environment = {**os.environ, "STATE_DIRECTORY": str(tmp_path)}  # where a pause is kept
    services = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "mien", "run", "--config", str(settings)]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        services.append(subprocess.Popen(command, cwd=ROOT, env=environment, **streams))
        return services[-1]

    yield start
    for service in services:
        if service.poll() is None:
            end(service)


@pytest.fixture
def watch_address(start_page, tmp_path, views) -> str:
    """The address of a ``mien page`` that watches that service."""
    return start_page("--no-browser", "--socket", tmp_path / "s").url


def end(service: subprocess.Popen[str]) -> None:
    service.send_signal(signal.SIGTERM)
    service.communicate(timeout=20)


def wait_for_state(page, title: str) -> None:
    wait(page, "title => document.querySelector('#watch-state').textContent === title", title)


def wait_for_face(page) -> None:
    wait(page, "document.querySelector('#watch-faces h4')?.textContent === 'happy'")


def test_through_pause_lost_camera_and_restart(camera, run, watch_address, open_page):
    page = open_page(f"{watch_address}#watch", viewport={"width": 390, "height": 844})
    page.clock.install()
    wait_for_state(page, "Service away")
    service = run()
    wait_for_state(page, "Live")
    wait_for_face(page)
    assert page.get_attribute("#watch-canvas", "aria-label").startswith("happy 9")
    assert not page.evaluate(IS_BLANK)
    wait(page, "document.querySelector('#watch-health').textContent.includes('everyday')")
    assert page.text_content("#watch-device").startswith("hall, ")
    assert not scrolls_sideways(page)

    page.press("#watch-pause", "Enter")
    wait_for_state(page, "Paused")
    assert page.locator("#watch-faces .face").count() == 0
    assert page.evaluate("document.activeElement.id") == "watch-resume"
    page.keyboard.press("Enter")
    wait_for_state(page, "Live")
    wait_for_face(page)

    service.send_signal(signal.SIGSTOP)
    page.clock.fast_forward(11_000)
    wait_for_state(page, "Service away")
    service.send_signal(signal.SIGCONT)
    wait_for_state(page, "Live")
    wait_for_face(page)

    camera.stop()
    wait_for_state(page, "Camera lost")
    camera.start()
    wait_for_state(page, "Live")
    wait_for_face(page)

    end(service)
    wait_for_state(page, "Service away")
    assert page.evaluate(IS_BLANK)
    run()
    wait_for_state(page, "Live")
    wait_for_face(page)
    wait(page, "document.querySelector('#watch-chart canvas').ariaLabel.startsWith('Most probable: happy')")


def test_nobody_who_does_not_look_is_connected(watch_address, open_page):
    page = open_page(watch_address)
    page.evaluate(KEEP_EVENT_SOURCES)
    page.click("#tab-watch")
    wait_for_state(page, "Service away")
    assert page.evaluate(OPEN_SOURCES) == 1
    page.click("#tab-try")
    wait(page, f"{OPEN_SOURCES} === 0")
    page.click("#tab-watch")
    wait(page, f"{OPEN_SOURCES} === 1")
    page.evaluate(SET_HIDDEN, True)
    assert page.evaluate(OPEN_SOURCES) == 0
    page.evaluate(SET_HIDDEN, False)
    assert page.evaluate(OPEN_SOURCES) == 1
