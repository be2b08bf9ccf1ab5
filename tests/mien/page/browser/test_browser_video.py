"""The webcam and video files: a real browser with a file as its camera."""

import io
import re
import time
import wave
from collections import Counter

import cv2
import pytest

from tests.mien.page.browser.conftest import CUT_S, records, wait, write_clip

KEEP_STREAMS = """() => {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.streams = [];
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    streams.push(stream);
    return stream;
  };
}"""
"""Lets a test see whether the camera is on."""
LIVE_TRACKS = (
    "streams.flatMap((stream) => stream.getTracks()).filter((track) => track.readyState === 'live').length"
)
RUN_S = 2 * CUT_S + 1


def side_of(face) -> str:
    """Which view it is, by where the face is."""
    return "left" if face["box"][0] + face["box"][2] / 2 < 320 else "right"


@pytest.fixture(scope="module")
def expected(views, tmp_path_factory) -> dict[str, str]:
    """The label of each view in a clip of one second each, as ``mien run`` has it."""
    clip = write_clip(views, 1, tmp_path_factory.mktemp("expected") / "clip.mjpeg")
    faces = [face for record in records("--source", clip) for face in record["faces"]]
    counts = Counter((side_of(face), face["label"]) for face in faces)
    return {side: label for (side, label), _ in reversed(counts.most_common())}


def test_the_webcam_has_the_labels_of_mien_run(address, browser, open_page, expected):
    assert len(set(expected.values())) == 2
    page = open_page(address)
    answers = []  # when an answer came, and its faces
    page.on(
        "response", lambda answer: "recognize" in answer.url and answers.append((time.monotonic(), answer))
    )
    page.evaluate(KEEP_STREAMS)
    page.click("#try-camera")
    page.wait_for_selector("#try-faces .face")
    page.wait_for_timeout(1000 * RUN_S)
    assert page.evaluate(LIVE_TRACKS) == 1
    assert page.is_checked("#try-mirror")
    page.click("#try-stop")
    assert page.evaluate(LIVE_TRACKS) == 0
    shown = [(at, answer.json()["record"]["faces"]) for at, answer in answers if answer.ok]
    assert 5 * RUN_S < len(shown) <= 31 * (answers[-1][0] - answers[0][0] + 1)
    settled, side, cut_at = [], "", 0.0
    for at, faces in shown:
        now = side_of(faces[0]) if faces else "none"
        if now != side:
            side, cut_at = now, at
        if at - cut_at > 1:
            settled.append(bool(faces) and faces[0]["label"] == expected[side])
    assert len(settled) > len(shown) / 2
    assert sum(settled) >= 0.95 * len(settled)


def test_leaving_the_view_releases_the_camera(address, open_page):
    page = open_page(address)
    page.evaluate(KEEP_STREAMS)
    page.click("#try-camera")
    page.wait_for_selector("#try-faces .face")
    page.click("#tab-watch")
    wait(page, f"{LIVE_TRACKS} === 0")


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--use-fake-device-for-media-stream", "not allowed"),
        ("--use-fake-device-for-media-stream=device-count=0", "no camera"),
    ],
)
def test_a_webcam_that_cannot_be_had_gets_one_line(address, launch, open_page, flag, words):
    page = open_page(address, within=launch(flag))
    page.click("#try-camera")
    page.wait_for_selector("#try-message:not([hidden])")
    assert words in page.text_content("#try-message")
    assert page.is_disabled("#try-stop")


@pytest.fixture(scope="module")
def video(views, tmp_path_factory):
    """Both views, two seconds each, as WebM."""
    path = tmp_path_factory.mktemp("video") / "clip.webm"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"VP80"), 20, (640, 480))
    if not writer.isOpened():
        pytest.skip("needs an OpenCV that writes WebM")
    for view in views:
        for _ in range(40):
            writer.write(view[:, :, ::-1])
    writer.release()
    return path


def test_a_video_is_played_and_recognized(address, open_page, video):
    page = open_page(address)
    page.set_input_files("#try-files", video)
    wait(page, "document.querySelector('#try-faces h4')?.textContent === 'happy'")
    page.click("#try-play")
    wait(page, "document.querySelector('#try-play').textContent === 'Play'")
    page.fill("#try-seek", "900")
    wait(page, "document.querySelector('#try-faces h4')?.textContent === 'neutral'")
    assert re.fullmatch(r"0:03 of 0:04", page.text_content("#try-time"))
    page.click("#try-stop")
    assert page.locator("#try-stage video").count() == 0


def test_a_video_that_opens_too_late_gets_no_player(address, open_page, video):
    page = open_page(address)
    page.evaluate(
        """() => document.querySelector("#try-files").addEventListener("change", () =>
          setTimeout(() => document.querySelector("#try-demo").click()))"""
    )
    page.set_input_files("#try-files", video)
    page.wait_for_selector("#try-faces .face")
    wait(page, "!document.querySelector('#try-stage video')")
    assert page.is_hidden("#try-player")


@pytest.fixture(scope="module")
def sound():
    """A second of silence as a WAV file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000))
    return buffer.getvalue()


@pytest.mark.parametrize("is_sound", [False, True])
def test_a_file_that_the_browser_cannot_play_gets_one_line(address, open_page, sound, is_sound):
    page = open_page(address)
    content = sound if is_sound else b"no video"
    page.set_input_files("#try-files", {"name": "clip.mp4", "mimeType": "video/mp4", "buffer": content})
    page.wait_for_selector("#try-message:not([hidden])")
    assert "clip.mp4" in page.text_content("#try-message")
    assert page.is_hidden("#try-player")
    assert page.is_disabled("#try-stop")
