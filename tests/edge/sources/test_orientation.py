"""Pictures and videos come upright, in every format that says how, and as the camera is mounted."""

import base64
import itertools
import struct
import zlib

import cv2
import numpy as np
import pytest

from edge.sources import open_source
from edge.sources.live import LiveSource
from edge.sources.orientation import ROTATIONS, UPRIGHT, Turn, turn_of_picture
from edge.sources.pictures import read_picture
from edge.sources.video import VideoSource

UPRIGHT_TO_STORED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.swapaxes(0, 1),
    6: lambda p: np.rot90(p),
    7: lambda p: p.swapaxes(0, 1)[::-1, ::-1],
    8: lambda p: np.rot90(p, -1),
}
"""By the EXIF orientation: how the upright picture lies in the file (CIPA DC-008, 4.6.4)."""


def exif(orientation, order=">", kind=3):
    """A TIFF structure with one tag before the orientation."""
    start = (b"MM" if order == ">" else b"II") + struct.pack(order + "HI", 42, 8)
    make = struct.pack(order + "HHI4s", 0x010F, 2, 4, b"cam\0")
    entry = struct.pack(order + "HHIHH", 0x0112, kind, 1, orientation, 0)
    return start + struct.pack(order + "H", 2) + make + entry + bytes(4)


def jpeg_with(tiff, jpeg):
    other = b"\xff\xe1" + struct.pack(">H", 9) + b"http://"  # XMP comes in the same kind of segment
    content = b"Exif\0\0" + tiff
    return jpeg[:2] + other + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + jpeg[2:]


def png_with(tiff, png):
    chunk = struct.pack(">I", len(tiff)) + b"eXIf" + tiff + struct.pack(">I", zlib.crc32(b"eXIf" + tiff))
    return png[:33] + chunk + png[33:]


def webp_with(tiff, webp, width, height):
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    extended = b"VP8X" + struct.pack("<I", 10) + b"\x08\0\0\0" + sizes
    chunk = b"EXIF" + struct.pack("<I", len(tiff)) + tiff + bytes(len(tiff) % 2)
    content = b"WEBP" + extended + webp[12:] + chunk
    return b"RIFF" + struct.pack("<I", len(content)) + content


def picture():
    """Nothing in it is symmetric. uint8 (32, 96, 3) RGB."""
    rgb = np.zeros((32, 96, 3), np.uint8)
    rgb[:, :24], rgb[:8] = (255, 255, 255), (255, 0, 0)
    return rgb


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
def test_exif_is_applied(tmp_path, suffix, orientation):
    stored = np.ascontiguousarray(UPRIGHT_TO_STORED[orientation](picture()))
    data = cv2.imencode(suffix, cv2.cvtColor(stored, cv2.COLOR_RGB2BGR))[1].tobytes()
    height, width = stored.shape[:2]
    if suffix == ".jpg":
        data = jpeg_with(exif(orientation), data)
    elif suffix == ".png":
        data = png_with(exif(orientation, "<"), data)
    elif suffix == ".webp":
        data = webp_with(exif(orientation, "<"), data, width, height)
    else:
        data = tiff_with(orientation, stored)
    path = tmp_path / f"turned{suffix}"
    path.write_bytes(data)
    rgb = read_picture(path)
    assert rgb.shape == (32, 96, 3)
    assert rgb.flags.c_contiguous
    assert np.abs(rgb[4:-4, 4:-4].astype(int) - picture()[4:-4, 4:-4]).mean() < 8  # lossy formats


def tiff_with(orientation, rgb):
    """A TIFF without compression: header, directory, bits of each sample, pixels."""
    height, width = rgb.shape[:2]
    bits, pixels = 8 + 2 + 11 * 12 + 4, 8 + 2 + 11 * 12 + 4 + 6
    long, short = 4, 3
    entries = [
        (256, short, 1, width),
        (257, short, 1, height),
        (258, short, 3, bits),
        (259, short, 1, 1),  # no compression
        (262, short, 1, 2),  # RGB
        (273, long, 1, pixels),
        (274, short, 1, orientation),
        (277, short, 1, 3),
        (278, short, 1, height),
        (279, long, 1, rgb.size),
        (284, short, 1, 1),  # one plane
    ]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return (
        b"II*\0" + struct.pack("<I", 8) + directory + bytes(4) + struct.pack("<3H", 8, 8, 8) + rgb.tobytes()
    )


@pytest.mark.parametrize(
    ("properties", "turn"),
    [
        (b"", UPRIGHT),
        (b"\0\0\0\x09irot\x00", UPRIGHT),
        (b"\0\0\0\x09irot\x01", Turn(270)),
        (b"\0\0\0\x09irot\x02", Turn(180)),
        (b"\0\0\0\x09irot\x03", Turn(90)),
        (b"\0\0\0\x09imir\x01", Turn(0, mirror=True)),
        (b"\0\0\0\x09imir\x00", Turn(180, mirror=True)),
        (b"\0\0\0\x09irot\x01\0\0\0\x09imir\x00", Turn(90, mirror=True)),
        (b"\0\0\0\x09irot\x03\0\0\0\x09imir\x00", Turn(270, mirror=True)),
        (b"\0\0\0\x09irot", UPRIGHT),
    ],
)
def test_avif_has_properties_in_place_of_exif(properties, turn):
    assert turn_of_picture(b"\0\0\0\x20ftypavif" + bytes(40) + properties) == turn


AVIF = base64.b64decode(
    "AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAAD/bWV0YQAAAAAAAAAhaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAA"
    "AAAAAAAOcGl0bQAAAAAAAQAAAB5pbG9jAAAAAEQAAAEAAQAAAAEAAAEnAAAALwAAAChpaW5mAAAAAAABAAAAGmluZmUCAAAAAAEA"
    "AGF2MDFDb2xvcgAAAAB+aXBycAAAAF1pcGNvAAAAFGlzcGUAAAAAAAAAYAAAACAAAAAQcGl4aQAAAAADCAgIAAAADGF2MUOBAAwA"
    "AAAAE2NvbHJuY2x4AAEADQAGgAAAAAlpcm90AwAAAAlpbWlyAAAAABlpcG1hAAAAAAAAAAEAAQYBAoMEhYYAAAA3bWRhdBIACgkY"
    "GS/9ogIaDQgyIERA/v7VIBBBB8gAANyrryvqPhT/+zSywxioQK/hmuz4"
)
"""``picture`` as Pillow 12 writes it with the EXIF orientation 7."""


def test_a_real_avif(tmp_path):
    path = tmp_path / "turned.avif"
    path.write_bytes(AVIF)
    if not cv2.haveImageReader(str(path)):
        pytest.skip(f"OpenCV {cv2.__version__} reads no AVIF")
    expected = np.ascontiguousarray(picture().swapaxes(0, 1)[::-1, ::-1])
    assert np.abs(read_picture(path).astype(int) - expected).mean() < 8


@pytest.mark.parametrize("orientation", [0, 9, 300])
def test_an_orientation_that_does_not_exist_is_upright(orientation):
    assert turn_of_picture(jpeg_with(exif(orientation), b"\xff\xd8\xff\xd9")) == UPRIGHT


def test_damaged_exif_is_upright():
    whole = jpeg_with(exif(6), cv2.imencode(".jpg", picture())[1].tobytes())
    assert turn_of_picture(whole) == Turn(90)
    for end in range(len(whole)):
        assert turn_of_picture(whole[:end]) in (UPRIGHT, Turn(90))
    rng = np.random.default_rng(1)
    for _ in range(2000):
        broken = bytearray(whole[:80])
        broken[rng.integers(0, 80)] = rng.integers(0, 256)
        turn_of_picture(bytes(broken))
    assert turn_of_picture(jpeg_with(exif(6, kind=4), b"\xff\xd8")) == UPRIGHT


def with_rotation(path, clockwise):
    """Write it into the display matrix of an MP4 (ISO/IEC 14496-12, 8.3.2)."""
    a, b = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[clockwise]
    fixed = [a, b, 0, -b, a, 0, 0, 0]
    matrix = struct.pack(">8i", *(value << 16 for value in fixed)) + struct.pack(">i", 1 << 30)
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    data[place : place + 36] = matrix
    path.write_bytes(data)


@pytest.mark.parametrize("clockwise", ROTATIONS)
def test_videos_are_turned_as_they_say(make_video, clockwise):
    path = make_video("clip.mp4", "mp4v")
    expected = [Turn(clockwise).apply(frame.rgb) for frame in VideoSource(path)]
    with_rotation(path, clockwise)
    turned = [frame.rgb for frame in VideoSource(path)]
    assert len(turned) == 30
    assert all(np.array_equal(one, other) for one, other in zip(turned, expected, strict=True))
    assert turned[0].shape == ((64, 48, 3) if clockwise in (90, 270) else (48, 64, 3))


@pytest.mark.parametrize(("rotate", "mirror"), list(itertools.product(ROTATIONS, (False, True))))
def test_a_turn_rotates_and_then_mirrors(rotate, mirror):
    rgb = picture()
    expected = np.rot90(rgb, -rotate // 90)
    turned = Turn(rotate, mirror).apply(rgb)
    assert np.array_equal(turned, expected[:, ::-1] if mirror else expected)
    assert turned.flags.c_contiguous


def test_it_applies_to_every_source(tmp_path, make_video, portraits, scripted_capture):
    still = tmp_path / "still.png"
    cv2.imwrite(str(still), picture())
    turn = Turn(90, mirror=True)
    for spec in (str(make_video()), str(still), "demo"):
        plain = next(iter(open_source(spec, portraits=portraits))).rgb
        turned = next(iter(open_source(spec, portraits=portraits, turn=turn))).rgb
        assert np.array_equal(turned, turn.apply(plain))
        assert turned.shape != plain.shape
    capture = scripted_capture()
    capture.read = lambda: (picture(), 1)
    source = LiveSource("cam", lambda: capture, turn=turn)
    assert np.array_equal(next(iter(source)).rgb, turn.apply(picture()))
    source.close()
