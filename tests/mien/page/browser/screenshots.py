"""The pictures of the page in the documents: of the portraits of the demo, which are in the public domain.

.venv/bin/python -m tests.mien.page.browser.screenshots docs
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
from playwright.sync_api import sync_playwright

from edge.landmarks import assets
from edge.sources.pictures import read_picture
from tests.mien.page.browser.conftest import FLAGS, browser_program, write_clip
from tests.mien.page.conftest import ROOT, Page

WATCHED_S = 185
"""How long the run is watched before the picture is taken, seconds: its chart shows three minutes."""


def main(out: Path) -> None:
    """Write ``page-try.jpg`` and ``page-watch.jpg``."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
        portrait = read_picture(assets.find(assets.ASTRONAUT))[:285, 35:415]
        clip = write_clip([cv2.resize(portrait, (640, 480))], 1, folder / "clip.mjpeg")
        flags = [*FLAGS, *camera, f"--use-file-for-fake-video-capture={clip}"]
        browser = playwright.chromium.launch(executable_path=browser_program(), args=flags)
        server = Page("--no-browser", "--socket", folder / "s")
        take_try(browser, server.url, out / "page-try.jpg")
        take_watch(browser, server.url, folder, out / "page-watch.jpg")
        server.end()


def take_try(browser: Any, address: str, path: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="light")
    page.goto(address)
    page.click("#try-camera")
    page.wait_for_selector("#try-faces .face")
    page.click("#try-mirror")
    page.wait_for_timeout(8000)
    page.mouse.move(0, 0)
    page.screenshot(path=path, type="jpeg", quality=80)
    page.click("#try-stop")


def take_watch(browser: Any, address: str, folder: Path, path: Path) -> None:
    settings = folder / "mien.toml"
    settings.write_text(
        f'source = "demo"\n[output]\nsinks = ["socket"]\nsocket = "{folder / "s"}"\ndevice = "hall"\n'
    )
    command = [sys.executable, "-m", "mien", "run", "--config", str(settings)]
    environment = {**os.environ, "STATE_DIRECTORY": str(folder)}
    run = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    page = browser.new_page(viewport={"width": 1280, "height": 880}, color_scheme="dark")
    page.goto(f"{address}#watch")
    page.wait_for_timeout(1000 * WATCHED_S)
    page.screenshot(path=path, type="jpeg", quality=80)
    run.terminate()
    run.communicate()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
