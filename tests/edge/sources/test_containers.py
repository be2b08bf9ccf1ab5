"""What hostile files state before their pixels, and how long it takes to find out."""

import struct
import time
from itertools import pairwise

import cv2
import numpy as np
import pytest

from edge.sources import containers
from edge.sources.containers import orientation, stated_size

FILE_BYTES = 16 << 20
LONGEST_S = 1.0


def segment(marker, content):
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def frame(width, height, components=3, marker=0xC0):
    parts = b"".join(bytes((number, 0x11, 0)) for number in range(1, components + 1))
    return segment(marker, struct.pack(">BHHB", 8, height, width, components) + parts)


def scan(*components):
    parts = b"".join(bytes((number, 0)) for number in components)
    return segment(0xDA, bytes((len(components),)) + parts + b"\0\x3f\0")


@pytest.mark.parametrize(
    ("rest", "reducible"),
    [
        pytest.param(frame(16, 8) + scan(1, 2, 3), True, id="interleaved"),
        pytest.param(frame(16, 8, components=1) + scan(1), True, id="grey"),
        pytest.param(frame(16, 8) + scan(1), False, id="scan by scan"),
        pytest.param(frame(16, 8, marker=0xC2) + scan(1, 2, 3), False, id="progressive"),
        pytest.param(frame(16, 8), False, id="cut off before the scan"),
        pytest.param(frame(16, 8)[:-2], False, id="cut off in the frame"),
        pytest.param(frame(16, 8) + b"\xff\xda\0\x0c", False, id="cut off in the scan"),
        pytest.param(
            b"\xff\xd0\xff\x01" + frame(16, 8) + b"\xff\xff" + scan(1), False, id="markers without a segment"
        ),
    ],
)
def test_only_what_one_scan_holds_can_be_reduced(rest, reducible):
    stated = stated_size(containers.JPEG + rest)
    assert stated is not None
    assert (stated.width, stated.height, stated.reducible) == (16, 8, reducible)


@pytest.mark.parametrize(("channels", "progressive"), [(3, 0), (1, 0), (3, 1)])
def test_what_opencv_writes(channels, progressive):
    picture = np.zeros((8, 16, channels), np.uint8)
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, progressive]
    stated = stated_size(cv2.imencode(".jpg", picture, options)[1].tobytes())
    assert stated == containers.StatedSize(16, 8, reducible=not progressive)


@pytest.mark.parametrize(
    ("channels", "quality", "chunk"),
    [(3, 80, b"VP8 "), (3, 101, b"VP8L"), (4, 80, b"VP8X")],
    ids=["lossy", "lossless", "with alpha"],
)
@pytest.mark.parametrize(("width", "height"), [(16, 8), (1, 1), (300, 16_383)])
def test_webp_that_opencv_writes(channels: int, quality: int, chunk: bytes, width: int, height: int) -> None:
    picture = np.full((height, width, channels), 100, np.uint8)
    data = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()
    assert data[12:16] == chunk
    assert stated_size(data) == containers.StatedSize(width, height, reducible=False)
    for length in range(30):
        stated_size(data[:length])


@pytest.mark.parametrize(
    ("head", "filling"),
    [
        pytest.param(containers.JPEG, b"\xff", id="fill bytes"),
        pytest.param(containers.JPEG, b"\xff\xe0\0\2", id="empty segments"),
        pytest.param(containers.JPEG, b"\xff\xd0", id="markers without a segment"),
        pytest.param(containers.PNG, bytes(4) + b"tEXt" + bytes(4), id="PNG chunks"),
        pytest.param(b"RIFF\0\0\0\0WEBP", b"VP8 " + bytes(4), id="WebP chunks"),
    ],
)
def test_a_file_of_empty_parts_is_soon_given_up(head, filling):
    data = head + filling * (FILE_BYTES // len(filling))
    start = time.process_time()
    assert orientation(data) == 1
    stated_size(data)
    assert len(list(containers.png_chunks(data))) <= 100_000
    assert time.process_time() - start < LONGEST_S


def test_as_many_chunks_as_a_large_png_has():
    """8 KB each, as libpng writes them."""
    size = 8192
    chunk = struct.pack(">I", size) + b"IDAT" + bytes(size + 4)
    chunks = list(containers.png_chunks(containers.PNG + 20_000 * chunk))
    assert len(chunks) == 20_000
    assert {later[1] - earlier[1] for earlier, later in pairwise(chunks)} == {len(chunk)}
