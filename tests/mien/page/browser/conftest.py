"""A real browser before a real ``mien page``."""

import base64
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.core.errors import ModelError
from edge.landmarks import assets
from edge.sources.pictures import read_picture

ROOT = Path(__file__).resolve().parents[4]
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
WAIT_S = 15
"""Longest time that the page may take for anything, seconds."""
CUT_S = 4
"""How long the fake camera shows one portrait and then the other, seconds."""
CAMERA_FPS = 30
"""Rate at which Chromium plays an MJPEG file as its camera, Hz."""
_VIEWS = {"astronaut.png": (225, 123, 104, 160), "grace_hopper.jpg": (266, 232, 203, 480)}
"""Portrait → centre and height of its face, px, and where in the view the centre is: left or right."""


def records(*arguments: object) -> list[dict[str, Any]]:
    """What ``mien run`` writes of a source."""
    command = [sys.executable, "-m", "mien", "run", "--sink", "jsonl", *map(str, arguments)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return [json.loads(line) for line in result.stdout.splitlines()]


def browser_program() -> str | None:
    """The path of a browser, or None."""
    found = map(shutil.which, ("/usr/bin/chromium", "chromium", "google-chrome"))
    return next(filter(None, found), None)


@pytest.fixture(scope="session")
def views() -> list[np.ndarray]:
    """The two portraits in views of their own, uint8 (480, 640, 3) RGB: one face left, the other right."""
    try:
        for model in assets.MODELS:
            assets.load(model)
        paths = [assets.find(asset) for asset in assets.PORTRAITS]
    except ModelError as error:
        pytest.skip(f"needs the face models and portraits: {error}")
    return [_view(path) for path in paths]


def _view(path: Path) -> np.ndarray:
    center_x, center_y, height, x = _VIEWS[path.name]
    scale = 190 / height
    motion = np.array([[scale, 0, x - scale * center_x], [0, scale, 240 - scale * center_y]])
    return cv2.warpAffine(read_picture(path), motion, (640, 480), borderMode=cv2.BORDER_REPLICATE)


@pytest.fixture(scope="session")
def pictures(views, tmp_path_factory) -> list[Path]:
    """The views as files."""
    folder = tmp_path_factory.mktemp("views")
    paths = [folder / f"{name}.png" for name in ("left", "right")]
    for path, view in zip(paths, views, strict=True):
        cv2.imwrite(str(path), view[:, :, ::-1])
    return paths


def write_clip(views: list[np.ndarray], seconds: float, path: Path) -> Path:
    """An MJPEG file of each view for some seconds, as Chromium plays it."""
    jpegs = [cv2.imencode(".jpg", view[:, :, ::-1])[1].tobytes() for view in views]
    path.write_bytes(b"".join(jpeg * round(seconds * CAMERA_FPS) for jpeg in jpegs))
    return path


@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[..., Any]]:
    """``(*flags)`` starts Chromium; all of them end with the module's tests."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright (requirements-test.txt)")
    program = browser_program()
    if program is None:
        pytest.skip("needs Chromium or Chrome (apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        browsers = []

        def start(*flags: str) -> Any:
            args = [*FLAGS, *flags]
            browsers.append(playwright.chromium.launch(executable_path=program, args=args))
            return browsers[-1]

        yield start
        for browser in browsers:
            browser.close()


@pytest.fixture(scope="module")
def browser(launch, views, tmp_path_factory) -> Any:
    """A browser with a camera that shows the views in turn, and which every page may use."""
    clip = write_clip(views, CUT_S, tmp_path_factory.mktemp("camera") / "clip.mjpeg")
    camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    return launch(*camera, f"--use-file-for-fake-video-capture={clip}")


@pytest.fixture(scope="session")
def address(page, views) -> str:
    """The address of a ``mien page``."""
    return page.url


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the console says in any page of ``open_page``, violations of the content policy included; a test
    that expects some takes them out. The rest fails it."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def open_page(browser, complaints) -> Iterator[Callable[..., Any]]:
    """``(address, **options of the browser's context)`` opens a page of its own."""
    contexts = []

    def start(address: str, within: Any = browser, **options: Any) -> Any:
        contexts.append(within.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(1000 * WAIT_S)
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        wait(page, "document.querySelector('#version').textContent")
        return page

    yield start
    for context in contexts:
        context.close()


def wait(page: Any, condition: str, argument: Any = None) -> None:
    """Wait until a condition in JavaScript holds. (Playwright's own way needs a looser content policy.)"""
    end = time.monotonic() + WAIT_S
    while not page.evaluate(condition, argument):
        assert time.monotonic() < end, f"still not: {condition}"
        page.wait_for_timeout(30)


def shown_record(page: Any) -> dict[str, Any]:
    """The record that the page shows as JSON."""
    if page.get_attribute("#try-record", "open") is None:
        page.click("#try-record summary")
    wait(page, "document.querySelector('#try-record pre').textContent.startsWith('{')")
    return json.loads(page.text_content("#try-record pre"))


def drop(page: Any, *files: tuple[str, str, bytes]) -> None:
    """Drop files onto the picture: name, media type and content of each."""
    page.evaluate(
        """files => {
          const toByte = (character) => character.charCodeAt(0);
          const data = new DataTransfer();
          for (const [name, type, content] of files)
            data.items.add(new File([Uint8Array.from(atob(content), toByte)], name, { type }));
          const how = { bubbles: true, cancelable: true, dataTransfer: data };
          const event = (type) => new DragEvent(type, how);
          const stage = document.querySelector("#try-stage");
          for (const type of ["dragenter", "dragover", "drop"]) stage.dispatchEvent(event(type));
        }""",
        [[name, kind, base64.b64encode(content).decode()] for name, kind, content in files],
    )


def scrolls_sideways(page: Any) -> bool:
    """Whether anything is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")
