"""The view Try: what a user sees of pictures and of the demo, and how it is used."""

import base64
import re
from typing import Any

import cv2
import pytest

from tests.mien.page.browser.conftest import drop, records, scrolls_sideways, shown_record, wait

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "reduced_motion": "reduce"}


def labels(page: Any) -> list[str]:
    """The labels on the cards, once there are some."""
    page.wait_for_selector("#try-faces .face")
    return page.locator("#try-faces h4").all_text_contents()


def wait_for_message(page: Any, words: str) -> None:
    wait(page, "words => document.querySelector('#try-message').textContent.includes(words)", words)


def test_a_dropped_picture_has_the_answer_of_mien_run(address, open_page, pictures):
    page = open_page(address)
    with page.expect_response("**/api/recognize*") as response:
        drop(page, ("left.png", "image/png", pictures[0].read_bytes()))
    assert labels(page) == ["happy"]
    (record,) = records("--source", pictures[0], "--max-faces", 8)
    shown = shown_record(page)
    assert shown["faces"] == record["faces"]
    assert page.get_attribute("#try-canvas", "aria-label").startswith("happy 9")
    mesh = page.evaluate(DECODED, response.value.json()["meshes"][0])
    x, y, width, height = shown["faces"][0]["box"]
    assert [min(mesh[::2]) * 640, min(mesh[1::2]) * 480] == pytest.approx([x, y], abs=0.1)
    assert [max(mesh[::2]) * 640, max(mesh[1::2]) * 480] == pytest.approx([x + width, y + height], abs=0.1)
    assert page.evaluate(SIDE_OF_BOX) == "left"
    page.check("#try-mirror")
    assert page.evaluate(SIDE_OF_BOX) == "right"
    page.click("#try-stop")
    assert page.locator("#try-faces .face").count() == 0


def test_a_picture_is_recognized_as_the_browser_shows_it(address, open_page, pictures):
    """Mien turns a WebP as its Exif says, and Chromium does not."""
    _, data = cv2.imencode(".webp", cv2.imread(str(pictures[0])).transpose(1, 0, 2)[::-1])
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    size = [(side - 1).to_bytes(3, "little") for side in (480, 640)]
    chunks = b"WEBPVP8X\x0a\0\0\0\x08\0\0\0" + b"".join(size) + data.tobytes()[12:]
    chunks += b"EXIF" + len(exif).to_bytes(4, "little") + exif
    page = open_page(address)
    webp = b"RIFF" + len(chunks).to_bytes(4, "little") + chunks
    drop(page, ("side.webp", "image/webp", webp))
    assert shown_record(page)["size"] == page.evaluate(SIZE, base64.b64encode(webp).decode())


def test_several_pictures_are_a_strip_to_choose_from_and_labels_are_announced(address, open_page, pictures):
    page = open_page(address)
    page.clock.install()
    page.set_input_files("#try-files", pictures)
    strip = page.locator("#try-strip button")
    wait(page, "!document.querySelector('#try-strip').textContent.includes('…')")
    assert [re.sub(" .*", "", text) for text in strip.locator("span:last-child").all_text_contents()] == [
        "happy",
        "neutral",
    ]
    assert labels(page) == ["happy"]
    wait(page, "document.querySelector('#live').textContent === 'happy'")
    strip.nth(1).press("Enter")
    wait(page, "document.querySelector('#try-faces h4').textContent === 'neutral'")
    assert page.text_content("#try-faces .reasons") == "not sure"
    assert page.text_content("#live") == "happy"  # so soon after it
    page.clock.fast_forward(5000)
    wait(page, "document.querySelector('#live').textContent === 'neutral, not sure'")


def test_a_file_that_is_no_picture_gets_one_line_and_the_others_their_answers(
    address, open_page, complaints, pictures
):
    page = open_page(address)
    drop(
        page,
        ("notes.txt", "text/plain", b"no picture"),
        ("half.png", "image/png", pictures[0].read_bytes()[:20_000]),
        ("left.png", "image/png", pictures[0].read_bytes()),
    )
    wait_for_message(page, "notes.txt")
    wait(page, "!document.querySelector('#try-strip').textContent.includes('…')")
    captions = page.locator("#try-strip button span:last-child").all_text_contents()
    assert captions[::2] == ["no answer", "happy 98%"]
    page.click("#try-strip li:last-child button")
    assert labels(page) == ["happy"]
    assert page.is_hidden("#try-message")
    complaints[:] = [line for line in complaints if "400 (Bad Request)" not in line]  # of the half picture


def test_a_picture_that_the_server_would_not_take_is_made_smaller(address, open_page):
    page = open_page(address)
    page.evaluate(
        """async () => {
          const canvas = new OffscreenCanvas(5000, 300);
          canvas.getContext("2d").fillRect(0, 0, 5000, 300);
          const data = new DataTransfer();
          data.items.add(new File([await canvas.convertToBlob()], "wide.png", { type: "image/png" }));
          const input = document.querySelector("#try-files");
          input.files = data.files;
          input.dispatchEvent(new Event("change"));
        }"""
    )
    assert shown_record(page)["size"] == [2048, 123]
    assert "No face" in page.text_content("#try-faces")


def test_two_tabs_run_the_demo_side_by_side(address, open_page):
    pages = [open_page(address) for _ in range(2)]
    for page in pages:
        page.click("#try-demo")
    assert [labels(page) for page in pages] == [["happy"], ["happy"]]
    before = [shown_record(page)["position_s"] for page in pages]
    for page, first in zip(pages, before, strict=True):
        position = "JSON.parse(document.querySelector('#try-record pre').textContent).position_s"
        wait(page, f"first => {position} > first + 0.3", first)


def test_another_bundle_answers_the_pictures_again(address, open_page, pictures):
    page = open_page(address)
    page.set_input_files("#try-files", pictures[0])
    labels(page)
    assert page.locator("#try-faces .bars dt").count() == 7
    page.select_option("#try-bundle", "ferplus")
    wait(page, "document.querySelectorAll('#try-faces .bars dt').length === 8")
    assert "contempt" in shown_record(page)["faces"][0]["probabilities"]


def test_the_keyboard_is_enough(address, open_page):
    page = open_page(address)
    focused = "document.activeElement.id"
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "tab-try"
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate(focused) == "try-demo"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    labels(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate(focused) == "try-camera"  # "Stop" is disabled now
    wait(page, "document.querySelector('#try-stop').disabled")
    page.focus("#tab-try")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(focused) == "tab-watch"
    page.wait_for_selector("#watch-canvas")
    assert page.is_hidden("#try-canvas")
    assert page.url.endswith("#watch")
    assert page.title() == "Mien: Watch"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_never_scrolls_sideways_and_every_text_can_be_read(address, open_page, pictures, scheme):
    page = open_page(address, color_scheme=scheme, **PHONE)
    assert not scrolls_sideways(page)
    page.set_input_files("#try-files", pictures)
    labels(page)
    page.click("#try-strip li:last-child button")
    page.wait_for_selector("#try-faces .reasons span")
    shown_record(page)
    assert not scrolls_sideways(page)
    assert page.evaluate(LOW_CONTRAST) == []
    assert page.evaluate(MOVING) == 0
    page.click("#tab-watch")
    page.wait_for_selector("#watch-canvas")
    assert not scrolls_sideways(page)
    assert page.evaluate(LOW_CONTRAST) == []


def test_the_demo_goes_on_when_the_server_is_back(start_page, open_page, complaints, views):
    server = start_page("--no-browser")
    page = open_page(server.url)
    page.evaluate(CUT_OFF)
    page.click("#try-demo")
    wait_for_message(page, "does not answer")
    assert labels(page) == ["happy"]
    server.end()
    wait_for_message(page, "does not answer")
    start_page("--no-browser", "--port", server.port)
    wait(page, "document.querySelector('#try-message').hidden")
    assert labels(page) == ["happy"]
    page.click("#try-stop")
    complaints[:] = [line for line in complaints if "net::ERR_" not in line]


def test_a_link_on_another_page_leads_here(address, open_page):
    page = open_page(address)
    page.goto(f"data:text/html,<a href='{address}'>Mien</a>")
    with page.expect_request(address) as request:
        page.click("a")
    assert request.value.response().status == 200
    assert request.value.all_headers()["sec-fetch-site"] == "cross-site"
    wait(page, "document.querySelector('#version')?.textContent")


def test_copy(address, open_page, pictures):
    page = open_page(address, permissions=["clipboard-read", "clipboard-write"])
    page.set_input_files("#try-files", pictures[0])
    labels(page)
    record = shown_record(page)
    page.click("#try-copy")
    wait(page, "document.querySelector('#try-copy').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText().then(JSON.parse)") == record


CUT_OFF = """() => {
  const whole = window.fetch;
  window.fetch = () => {
    window.fetch = whole;
    return new Response(new ReadableStream({ start: (body) => body.error(new TypeError("cut off")) }));
  };
}"""
"""Makes the next answer one that ends in its middle."""
SIZE = """async (content) => {
  const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
  const { width, height } = await createImageBitmap(new Blob([bytes]));
  return [width, height];
}"""
"""The size of a picture as the browser decodes it."""
DECODED = "async mesh => [...(await import('/static/mesh.js')).decodeMesh(mesh)]"
SIDE_OF_BOX = """() => {
  const { width, height } = document.querySelector("#try-canvas");
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(document.querySelector("#try-canvas"), 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const columns = [];
  for (let i = 0; i < data.length; i += 4)
    if (data[i] === 0xf5 && data[i + 1] === 0xc0 && data[i + 2] === 0x4a) columns.push((i / 4) % width);
  return columns.reduce((sum, x) => sum + x, 0) / columns.length < width / 2 ? "left" : "right";
}"""
"""Where the box of a happy face is drawn, by its colour."""
MOVING = """[...document.querySelectorAll("*")].filter((element) => {
  const { transitionDuration, animationName } = getComputedStyle(element);
  return parseFloat(transitionDuration) > 0 || animationName !== "none";
}).length"""
LOW_CONTRAST = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const luminance = (color) => {
    const [r, g, b] = numbers(color).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if ((numbers(color)[3] ?? 1) === 1) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.closest(":disabled, .unseen, noscript")) continue;
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(background(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push(`${element.textContent.trim()}: ${ratio.toFixed(2)}`);
  }
  return low;
}"""
"""Texts whose contrast to their background is below 4.5 (WCAG 2.2, level AA)."""
