"""Videos: every frame, in order, and clean ends for damaged files."""

import math
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.core.errors import SourceError
from edge.sources import opencv
from edge.sources.video import PresentationClock, VideoSource


def numbers(frames):
    """Where ``make_video`` put the white columns."""
    return [int(frame.rgb.mean((0, 2)).argmax()) // 2 for frame in frames]


@pytest.mark.parametrize(
    ("name", "codec"),
    [("clip.avi", "MJPG"), ("clip.mp4", "mp4v"), ("clip.mkv", "mp4v"), ("clip.webm", "VP80")],
)
def test_gives_every_frame_once(make_video, name, codec):
    path = make_video(name, codec)
    source = VideoSource(path)
    frames = list(source)
    assert numbers(frames) == list(range(30))
    assert [frame.index for frame in frames] == list(range(30))
    assert {frame.origin for frame in frames} == {str(path)}
    assert not any(frame.still for frame in frames)
    times = [frame.captured_ns for frame in frames]
    assert times == sorted(times)
    assert [frame.position_ns / 1e9 for frame in frames] == pytest.approx(
        [i / 25 for i in range(30)], abs=1e-3
    )
    assert all(frame.rgb.flags.c_contiguous and frame.rgb.dtype == np.uint8 for frame in frames)
    assert (source.stats.dropped, source.stats.skipped) == (0, 0)
    assert source.frame_duration_ns == 40_000_000
    assert source.frame_count in ((0, 30) if name == "clip.webm" else (30,))


@pytest.mark.parametrize(
    ("rate", "stated_ms", "expected_ms"),
    [
        pytest.param(25, [0, 40, 80, 200], [0, 40, 80, 200], id="as stated, at a rate that varies"),
        pytest.param(25, [500, 540], [500, 540], id="from a start of its own"),
        pytest.param(20, [0, 0, 0], [0, 50, 100], id="without times"),
        pytest.param(20, [100, 200, 120, 300], [100, 200, 250, 300], id="goes back once"),
        pytest.param(20, [100, 100, 130], [100, 150, 200], id="stands still"),
        pytest.param(20, [-40, 0, 40], [0, 50, 100], id="before the start"),
        pytest.param(0, [0, 0], [0, 40], id="no rate either"),
        pytest.param(math.nan, [0, math.nan, math.inf], [0, 40, 80], id="no numbers"),
        pytest.param(90_000, [0, 0], [0, 40], id="a clock in place of the rate"),
    ],
)
def test_presentation_times_grow(rate, stated_ms, expected_ms):
    clock = PresentationClock(rate)
    assert [clock.next(ms) / 1e6 for ms in stated_ms] == expected_ms


def test_a_raw_stream_has_the_times_of_its_rate(tmp_path):
    """JPEGs one after the other: no container, and so no times."""
    jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()
    path = tmp_path / "raw.mjpeg"
    path.write_bytes(8 * jpeg)
    positions = [frame.position_ns for frame in VideoSource(path)]
    assert positions == [index * 40_000_000 for index in range(len(positions))]
    assert len(positions) >= 7


def test_names_that_are_not_utf8(make_video):
    path = make_video("clip.avi")
    path = path.rename(path.with_name(os.fsdecode(b"caf\xe9.avi")))
    assert numbers(list(VideoSource(path))) == list(range(30))


@pytest.mark.parametrize(
    ("name", "codec"), [("clip.avi", "MJPG"), ("clip.mkv", "mp4v"), ("clip.webm", "VP80")]
)
def test_a_cut_off_video_gives_what_is_there(make_video, capfd, name, codec):
    path = make_video(name, codec)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 6 // 10])
    capfd.readouterr()  # the writer grumbles about fourcc tags
    frames = list(VideoSource(path))
    assert 5 <= len(frames) < 30
    assert numbers(frames)[:5] == [0, 1, 2, 3, 4]
    assert capfd.readouterr().err == ""


def test_frames_of_more_pixels_than_the_limit_are_refused(make_video, monkeypatch):
    path = make_video("clip.webm", "VP80")
    first = next(iter(VideoSource(path))).rgb
    monkeypatch.setattr(opencv, "MAX_PIXELS", first.shape[0] * first.shape[1])
    playing = iter(VideoSource(path))
    next(playing)
    monkeypatch.setattr(opencv, "MAX_PIXELS", first.shape[0] * first.shape[1] - 1)
    with pytest.raises(SourceError, match="too large"):  # as if they had grown
        next(playing)
    with pytest.raises(SourceError, match=r"clip\.webm are too large: .* px, expected at most"):
        VideoSource(path)


def test_frames_of_longer_sides_than_the_limit_are_refused(tmp_path, write_clip):
    path = write_clip(tmp_path / "long.avi", np.zeros((1, 64, 40_000, 3), np.uint8))
    with pytest.raises(SourceError, match=r"long\.avi are too large: 40000×64 px, expected at most 8192 px"):
        VideoSource(path)


@pytest.mark.parametrize(
    ("clip", "count"),
    [
        ("talking/bbaf2n.mpg", 75),
        ("webcam/again.mkv", 77),
        ("headpose/head-pose-face-detection-female.gif", 23),
    ],
)
def test_real_clips_lose_no_frame(media, clip, count):
    assert len(list(VideoSource(media / clip))) == count


@pytest.mark.parametrize(
    ("content", "keep"),
    [
        pytest.param(b"", None, id="empty"),
        pytest.param(b"no video at all" * 500, None, id="text"),
        pytest.param(None, 0.6, id="mp4-without-its-index"),
        pytest.param(None, 0.001, id="first-bytes-only"),
    ],
)
def test_what_is_no_video_is_named(make_video, capfd, content, keep):
    path = make_video("clip.mp4", "mp4v")
    if keep is not None:
        whole = path.read_bytes()
        content = whole[: int(len(whole) * keep)]
    path.write_bytes(content or b"")
    capfd.readouterr()
    with pytest.raises(SourceError, match="cannot play") as raised:
        VideoSource(path)
    assert str(path) in str(raised.value)
    assert capfd.readouterr().err == ""


def test_missing_file(tmp_path):
    with pytest.raises(SourceError, match="no such file"):
        VideoSource(tmp_path / "absent.mp4")


def test_a_name_that_looks_like_an_address(make_video, monkeypatch):
    path = make_video("http:clip.avi")
    monkeypatch.chdir(path.parent)
    assert len(list(VideoSource(Path(path.name)))) == 30


def test_close_ends_the_iteration_and_a_new_one_starts_over(make_video):
    source = VideoSource(make_video())
    assert numbers([next(iter(source))]) == [0]
    frames = iter(source)
    assert numbers([next(frames), next(frames)]) == [0, 1]
    source.close()
    assert list(frames) == []
    assert list(source) == []
