"""Pictures of every kind become uint8 RGB, and broken ones are named."""

import logging
import os
import struct
import zlib
from contextlib import suppress

import cv2
import numpy as np
import pytest

from edge.core.errors import SourceError
from edge.sources import containers, pictures
from edge.sources.albums import Album, find_album
from edge.sources.opencv import MAX_SIDE
from edge.sources.pictures import PictureSource, read_picture


def write(path, picture):
    assert cv2.imwrite(str(path), picture)
    return path


def png_header(width, height):
    """A grey PNG that claims a size and has next to no pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        pytest.param(np.full((5, 7), 200, np.uint8), (200, 200, 200), id="grey"),
        pytest.param(np.full((5, 7, 3), (30, 20, 10), np.uint8), (10, 20, 30), id="colour"),
        pytest.param(np.full((5, 7, 4), (30, 20, 10, 0), np.uint8), (10, 20, 30), id="alpha"),
        pytest.param(np.full((5, 7), 200 * 257, np.uint16), (200, 200, 200), id="grey-16"),
        pytest.param(np.full((5, 7, 3), (7710, 5140, 2570), np.uint16), (10, 20, 30), id="colour-16"),
        pytest.param(np.full((5, 7, 4), (7710, 5140, 2570, 9), np.uint16), (10, 20, 30), id="alpha-16"),
    ],
)
def test_every_kind_of_pixel_becomes_rgb(tmp_path, stored, expected):
    rgb = read_picture(write(tmp_path / "picture.png", stored))
    assert (rgb.shape, rgb.dtype, rgb.flags.c_contiguous) == ((5, 7, 3), np.uint8, True)
    assert np.array_equal(rgb, np.full((5, 7, 3), expected, np.uint8))


def test_only_longer_sides_than_the_limit_are_scaled_down(tmp_path):
    longest = np.arange(MAX_SIDE, dtype=np.uint8)[None]
    assert np.array_equal(read_picture(write(tmp_path / "longest.png", longest))[:, :, 0], longest)
    picture = np.zeros((1, 2 * MAX_SIDE), np.uint8)
    picture[0, MAX_SIDE:] = 100
    rgb = read_picture(write(tmp_path / "line.png", picture))
    assert rgb.shape == (1, MAX_SIDE, 3)
    assert (rgb[0, 0, 0], rgb[0, -1, 0]) == (0, 100)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"no picture at all", "cannot decode", id="text"),
        pytest.param(png_header(40_000, 40_000), "too many pixels: 40000×40000 px", id="bomb"),
        pytest.param(png_header(2_000, 2_000), "cannot decode", id="pixels-missing"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path, content, reason):
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=reason) as raised:
        read_picture(path)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


CLAIM = b"\x44\x00\x00\x00"
"""As the length of a PNG's chunk: 1.1 GB."""


def test_a_chunk_that_claims_gigabytes_takes_no_memory(tmp_path):
    path = write(tmp_path / "picture.png", np.zeros((8, 8), np.uint8))
    data = path.read_bytes()
    path.write_bytes(data[:33] + CLAIM + data[33:])
    with pytest.raises(SourceError, match="PNG is damaged"):
        read_picture(path)


def test_what_follows_a_png_is_not_read(tmp_path):
    path = write(tmp_path / "picture.png", np.zeros((8, 8), np.uint8))
    data = path.read_bytes()
    path.write_bytes(data + CLAIM + b"more")
    assert read_picture(path).shape == (8, 8, 3)
    assert containers.png_up_to_end(path.read_bytes()) == data
    path.write_bytes(data.replace(b"IDAT", b"none") + CLAIM + b"more")  # OpenCV would go on behind the end
    with pytest.raises(SourceError, match="cannot decode"):
        read_picture(path)


@pytest.mark.parametrize("end", [-8, -12, -3])
def test_a_png_without_its_end_is_left_to_opencv(tmp_path, end):
    path = write(tmp_path / "picture.png", np.zeros((8, 8), np.uint8))
    path.write_bytes(path.read_bytes()[:end])
    with suppress(SourceError):
        assert read_picture(path).shape == (8, 8, 3)


def test_more_pixels_than_the_limit_are_refused_by_the_header(tmp_path, python, monkeypatch):
    """In a process of its own: OpenCV reads the limit when it is loaded, and here others may have done so."""
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(9000, 9000))
    code = "import sys; from pathlib import Path; from edge.sources.pictures import read_picture as read\n"
    code += "read(Path(sys.argv[1]))"
    for key in [key for key in os.environ if key.startswith("OPENCV_")]:
        monkeypatch.delenv(key)
    result = python("-c", code, path)
    last = result.stderr.splitlines()[-1]
    assert "has too many pixels: 9000×9000 px, expected at most 67108864" in last, result.stderr
    assert "OPENCV_IO_MAX_IMAGE_PIXELS" in last


def test_a_file_of_more_bytes_than_the_limit_is_refused(tmp_path, monkeypatch):
    path = write(tmp_path / "picture.png", np.zeros((8, 8), np.uint8))
    monkeypatch.setattr(pictures, "MAX_BYTES", path.stat().st_size)
    assert read_picture(path).shape == (8, 8, 3)
    monkeypatch.setattr(pictures, "MAX_BYTES", path.stat().st_size - 1)
    with pytest.raises(SourceError, match="too large: expected at most"):
        read_picture(path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("absent.png", "No such file"), ("a\0b", "embedded null byte"), (".", "Is a directory")],
)
def test_what_cannot_be_read_is_named(tmp_path, name, reason):
    with pytest.raises(SourceError, match=f"cannot read the picture .*: {reason}"):
        read_picture(tmp_path / name)


def test_a_jpeg_beyond_the_limit_is_decoded_smaller(tmp_path, monkeypatch):
    picture = np.zeros((60, 100, 3), np.uint8)
    picture[:, 50:] = (0, 0, 250)
    path = write(tmp_path / "large.jpg", picture)
    for limit, shape in ((6000, (60, 100, 3)), (5999, (30, 50, 3)), (400, (15, 25, 3)), (104, (8, 13, 3))):
        monkeypatch.setenv("OPENCV_IO_MAX_IMAGE_PIXELS", str(limit))
        rgb = read_picture(path)
        assert rgb.shape == shape
        assert rgb[shape[0] // 2, -2, 0] > 200 > 50 > rgb[shape[0] // 2, 1, 0]
    monkeypatch.setenv("OPENCV_IO_MAX_IMAGE_PIXELS", "103")
    with pytest.raises(SourceError, match="too many pixels: 100×60 px, expected at most 103;"):
        read_picture(path)


def test_a_progressive_jpeg_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    """Its decoder would hold every coefficient, at whichever size it is wanted."""
    path = tmp_path / "large.jpg"
    cv2.imwrite(str(path), np.zeros((60, 100), np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    assert read_picture(path).shape == (60, 100, 3)
    monkeypatch.setenv("OPENCV_IO_MAX_IMAGE_PIXELS", "5999")
    with pytest.raises(SourceError, match="too many pixels: 100×60 px"):
        read_picture(path)


@pytest.mark.parametrize("missing", [1, 2, 3, 40, 0.3])
def test_a_jpeg_without_its_end_is_decoded_as_far_as_it_goes(tmp_path, missing, caplog, capfd):
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    path = write(tmp_path / "cut.jpg", cv2.GaussianBlur(noise, (0, 0), 2))
    whole, expected = path.read_bytes(), read_picture(path)
    path.write_bytes(whole[: -int(missing if missing >= 1 else missing * len(whole))])
    rgb = read_picture(path)
    assert np.array_equal(rgb[:8], expected[:8])
    [record] = caplog.records
    assert record.getMessage().startswith(f"{path} is truncated")
    assert capfd.readouterr().err == ""  # the decoder's own words


def test_what_follows_a_jpeg_is_no_matter(tmp_path, caplog):
    path = write(tmp_path / "trailer.jpg", np.full((16, 16, 3), 90, np.uint8))
    path.write_bytes(path.read_bytes() + b"trailer of a phone")
    assert read_picture(path).shape == (16, 16, 3)
    assert caplog.records == []


@pytest.fixture
def folder(tmp_path):
    """Three pictures, a broken one, and what is none."""
    for index, name in enumerate(["c.png", "a.JPG", "d.bmp"]):
        write(tmp_path / name, np.full((16, 16, 3), 50 * index, np.uint8))
    (tmp_path / "b.png").write_bytes(b"broken")
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_a_broken_picture_in_a_folder_is_skipped(folder, caplog):
    source = PictureSource(find_album(str(folder)), skip_broken=True)
    with caplog.at_level(logging.INFO):
        frames = list(source)
    assert [frame.origin for frame in frames] == [str(folder / name) for name in ("a.JPG", "c.png", "d.bmp")]
    assert [frame.index for frame in frames] == [0, 2, 3]
    assert all(frame.still for frame in frames)
    assert {frame.position_ns for frame in frames} == {0}
    assert source.stats.skipped == 2
    assert source.stats.dropped == 0
    excluded, broken = caplog.records
    assert excluded.levelname == broken.levelname == "WARNING"
    assert "notes.txt" in excluded.getMessage()
    assert str(folder / "b.png") in broken.getMessage()


def test_close_ends_the_iteration(folder):
    source = PictureSource(find_album(str(folder)), skip_broken=True)
    frames = iter(source)
    next(frames)
    source.close()
    assert list(frames) == []


def test_can_be_read_twice(folder):
    source = PictureSource(Album((folder / "a.JPG", folder / "c.png")), skip_broken=False)
    first, second = list(source), list(source)
    assert [frame.origin for frame in first] == [frame.origin for frame in second]
    assert first[0].captured_ns <= first[1].captured_ns <= second[0].captured_ns
