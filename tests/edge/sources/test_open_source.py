"""From what the user writes to a source."""

import os

import cv2
import numpy as np
import pytest

from edge.core.errors import SourceError
from edge.sources import FORMS, open_source
from edge.sources.demo import DemoSource
from edge.sources.live import LiveSource
from edge.sources.pictures import PictureSource
from edge.sources.video import VideoSource


@pytest.mark.parametrize(
    "spec", ["camera:0", "/dev/video3", "camera:12", "rtsp://cam/1", "http://cam/1", "https://cam/1"]
)
def test_live_sources_open_without_a_camera(spec):
    source = open_source(spec, width=320, height=240, fps=15)
    assert isinstance(source, LiveSource)
    source.close()
    assert list(source) == []


def test_demo(portraits):
    source = open_source("demo", portraits=portraits, frames=3)
    assert isinstance(source, DemoSource)
    assert len(list(source)) == 3


def test_files(tmp_path, make_video):
    clip = make_video("CLIP.AVI")
    assert isinstance(open_source(str(clip)), VideoSource)
    picture = tmp_path / "a.PNG"
    cv2.imwrite(str(picture), np.zeros((4, 4), np.uint8))
    for spec in (str(picture), str(tmp_path), f"{tmp_path}/*.PNG"):
        source = open_source(spec)
        assert isinstance(source, PictureSource)
        assert [frame.origin for frame in source] == [str(picture)]


def test_one_broken_picture_is_an_error_and_one_of_many_is_not(tmp_path):
    (tmp_path / "b.png").write_bytes(b"broken")
    with pytest.raises(SourceError, match="cannot decode"):
        list(open_source(str(tmp_path / "b.png")))
    assert list(open_source(str(tmp_path))) == []


@pytest.mark.parametrize(
    "spec", ["", "absent.png", "absent", "webcam", "ftp://host/x", "absent\0.png", "x" * 300]
)
def test_what_is_not_there(spec, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError) as raised:
        open_source(spec)
    assert FORMS in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "spec", ["camera:", "/dev/video", "/dev/videoX", "camera:x", "camera:-1", "camera:²", "camera:1 "]
)
def test_camera_numbers(spec):
    with pytest.raises(SourceError, match="expected camera:N"):
        open_source(spec)


def test_a_link_to_a_camera(tmp_path):
    """As those in /dev/v4l/by-id."""
    link = tmp_path / "usb-Camera-video-index0"
    link.symlink_to("/dev/video63")
    source = open_source(str(link))
    assert isinstance(source, LiveSource)
    source.close()
    assert list(source) == []


def test_pipes_and_devices(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    for spec in ("/dev/null", str(tmp_path / "pipe.png")):
        with pytest.raises(SourceError, match="is no file: a camera is /dev/videoN or camera:N"):
            open_source(spec)


def test_a_file_of_another_kind(tmp_path):
    path = tmp_path / "notes.txt"  # FFmpeg would play it
    path.write_text("hello\n" * 100)
    with pytest.raises(SourceError, match="neither a picture nor a video"):
        open_source(str(path))
