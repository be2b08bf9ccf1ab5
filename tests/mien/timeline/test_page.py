"""``mien timeline`` to a page or a picture, and the series in it."""

import re

import cv2
import numpy as np
import pytest

from mien.timeline.records import read_records
from mien.timeline.sections import MOST_BINS, MOST_LANES, sections
from tests.mien.timeline.conftest import clip, face, record, write
from tests.pages import Page

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")


@pytest.fixture
def found(tmp_path):
    """The sections of some records."""
    return lambda *records: sections(read_records(write(tmp_path / "records.jsonl", *records)))


def test_a_page(timeline, tmp_path):
    """A section for each source and for the second run over one; pictures are listed."""
    stills = [record(0, face(3, "sad"), source=f"{name}.jpg") for name in "xy"]
    live = [record(index, face(), source="rtsp://…", time=1767225600 + 40.0 * index) for index in range(9)]
    short = [clip(4, source) for source in ("<b>.mp4", "a.mp4")]
    path = write(tmp_path / "in.jsonl", *clip(), *short[0], *short[1], *stills, *live)
    assert timeline(path, "--out", tmp_path / "out.html")[0] == 0
    page = Page((tmp_path / "out.html").read_text("utf-8"))
    titles = [text for level, text in page.headings if level == 2]
    assert titles == ["a.mp4", "<b>.mp4", "a.mp4 (run 2)", "rtsp://…", "Pictures"]
    assert "60 frames in 2.4 s; 100 % of them with a face" in page.text
    assert "9 frames in 5.3 min, from 2026-01-01 00:00:00 UTC" in page.text
    assert "sad 70%" in page.text
    names = [text for level, text in page.headings if level == 3]
    assert names == ["Face 0", "Faces 1, 2, 3"] + ["Face 0"] * 3
    assert len(page.plots) == 1 + 2 * len(names)
    assert all(label in page.plots[1] for label in ("happy", "sad", "neutral", "probability"))
    assert all(angle in page.plots[2] for angle in ("yaw", "pitch", "roll", "presence"))
    assert re.search(r"face 0\s*60\s*0\s*0\s*0\s*50\s*50", page.text)


def test_a_page_is_the_same_each_time(timeline, tmp_path):
    path = write(tmp_path / "in.jsonl", *clip(4))
    for name in "ab":
        timeline(path, "--out", tmp_path / f"{name}.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_pages_of_no_face_and_of_many_sources(timeline, tmp_path):
    many = [record(index, source=f"{name}.mp4") for name in range(33) for index in range(2)]
    path = write(tmp_path / "in.jsonl", *many)
    assert timeline(path, "--out", tmp_path / "out.html")[0] == 0
    page = Page((tmp_path / "out.html").read_text("utf-8"))
    assert page.plots == []
    assert "3 more sources are not shown" in page.text
    code, _, errors = timeline(path, "--out", tmp_path / "out.png")
    assert (code, "no face" in errors) == (1, True)


def test_a_picture(timeline, tmp_path):
    path = write(tmp_path / "in.jsonl", *clip())
    assert timeline(path, "--out", tmp_path / "out.png")[0] == 0
    picture = cv2.imread(str(tmp_path / "out.png"))
    assert picture.shape[1] == 1320
    for color in ("c2a02b", "4c8bd6", "8b97a3"):  # happy, sad, neutral
        bgr = [int(color[place : place + 2], 16) for place in (4, 2, 0)]
        assert (picture == bgr).all(axis=2).sum() > 100


def test_a_picture_leaves_out_single_pictures(timeline, tmp_path, caplog):
    stills = [record(0, face(), source=f"{name}.jpg") for name in "xy"]
    code, _, errors = timeline(write(tmp_path / "in.jsonl", *stills), "--out", tmp_path / "out.png")
    assert (code, errors.count("\n"), "single pictures" in errors) == (1, 1, True)
    sizes = []
    for name, records in (("clip", clip()), ("both", [*clip(), *stills])):
        path = write(tmp_path / "in.jsonl", *records)
        assert timeline(path, "--out", tmp_path / f"{name}.png")[0] == 0
        sizes.append(cv2.imread(str(tmp_path / f"{name}.png")).shape)
    assert sizes[0] == sizes[1]
    assert [line for line in caplog.messages if "2 single pictures" in line] == caplog.messages != []


@pytest.mark.parametrize(
    ("frames", "times"),
    [
        pytest.param([0, 1, 0, 1], [0, 1, 9, 10], id="started again"),
        pytest.param([0, 1, 2, 3], [0, 1, 86400, 86401], id="paused for a day"),
        pytest.param([0, 1, 2, 3], [86400, 86401, 0, 1], id="clock set back"),
    ],
)
def test_a_camera_that_was_away_begins_another_section(found, frames, times):
    start = 1767225600
    parts = found(
        *(record(frame, face(), time=start + time) for frame, time in zip(frames, times, strict=True))
    )
    assert [(part.run, part.frames, part.start - start, part.seconds) for part in parts] == [
        (1, 2, times[0], 1.0),
        (2, 2, times[2], 1.0),
    ]


def test_faces_that_follow_each_other_share_a_lane(found):
    """Of those that are free, a new face takes the lane in which the last face was nearest."""
    (section,) = found(
        record(0, face(0, x=0.0), face(1, x=300.0)),
        record(1, face(1, x=300.0)),
        record(2, face(1, x=300.0), face(2, x=10.0)),
        record(3),
        record(4, face(3, x=290.0)),
        record(5, face(3, x=290.0), face(4, x=20.0)),
    )
    assert [lane.ids for lane in section.lanes] == [[0, 2, 4], [1, 3]]
    assert (section.frames, section.frames_with_face) == (6, 5)


def test_more_faces_than_lanes(found):
    (section,) = found(record(0, *(face(number) for number in range(MOST_LANES + 3))))
    assert (len(section.lanes), section.left_out) == (MOST_LANES, 3)


def test_lines_break_where_a_face_was_away_or_another_came(found):
    frames = [record(index, face(int(index > 30))) for index in range(40) if not 10 < index < 20 + 25]
    (section,) = found(*frames, *(record(index, face(0)) for index in range(50, 60)))
    (lane,) = section.lanes
    line = lane.line
    assert np.isnan(line.seconds).sum() == 1
    assert line.seconds[np.flatnonzero(np.isnan(line.seconds))[0] + 1] == 2.0
    assert [(round(band.start, 2), round(band.end, 2)) for band in lane.bands] == [(0, 0.44), (2, 2.4)]
    (section,) = found(*(record(index, face(int(index > 3))) for index in range(8)))
    assert np.isnan(section.lanes[0].line.seconds).tolist() == [False] * 4 + [True] + [False] * 4


def test_many_frames_become_few_points(found):
    count = 5 * MOST_BINS
    frames = [
        record(
            index,
            face(0, "happy" if index < count // 2 else "sad", pose={"yaw": index, "pitch": 0, "roll": 0}),
        )
        for index in range(count)
    ]
    (section,) = found(*frames)
    (lane,) = section.lanes
    assert len(lane) == count
    assert len(lane.line.seconds) == MOST_BINS
    assert lane.line.values["yaw"][:2].tolist() == [2.0, 7.0]
    assert lane.line.values["happy"][[0, -1]].tolist() == pytest.approx([0.7, 0.05])
    assert [(band.label, band.unsure) for band in lane.bands] == [("happy", False), ("sad", False)]
    assert lane.bands[0].end == pytest.approx(count / 50, abs=0.2)


def test_a_face_whose_id_changes_with_every_frame(found):
    (section,) = found(*(record(index, face(index)) for index in range(3 * MOST_BINS)))
    (lane,) = section.lanes
    assert len(lane.line.seconds) == MOST_BINS
    assert len(lane.bands) == 1


def test_labels_that_come_later_have_a_gap_before(found):
    frames = [record(0, face(0)), record(1, face(0, "smirk", labels=("smirk", "happy")))]
    (section,) = found(*frames)
    values = section.lanes[0].line.values
    assert np.isnan(values["smirk"]).tolist() == [True, False]
    assert np.isnan(values["happy"]).tolist() == [False, False]
    assert np.isnan(values["fear"]).tolist() == [False, True]
