"""The demo: always a face in view, the same frames every time, paced when asked."""

import threading
import time

import numpy as np
import pytest

from edge.core.errors import SourceError
from edge.sources.demo import HEIGHT, WIDTH, DemoSource


def test_frames_are_complete_and_numbered(portraits):
    source = DemoSource(portraits, frames=5)
    frames = list(source)
    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    for frame in frames:
        assert (frame.rgb.shape, frame.rgb.dtype) == ((480, 640, 3), np.uint8)
        assert frame.rgb.flags.c_contiguous
        assert (frame.origin, frame.still) == ("demo", False)
    assert source.stats.dropped == 0


def test_the_view_depends_on_the_index_alone(portraits):
    first, second = DemoSource(portraits), DemoSource(portraits, frames=11)
    *_, last = second
    assert np.array_equal(first.view(10), last.rgb)
    assert not np.array_equal(first.view(10), first.view(11))


def test_the_face_stays_inside_at_a_good_size(portraits):
    source = DemoSource(portraits)
    before = None
    for index in range(0, 960, 6):
        red = source.view(index)[:, :, 0] > 127
        rows, columns = np.flatnonzero(red.any(1)), np.flatnonzero(red.any(0))
        assert rows[0] > 40
        assert rows[-1] < HEIGHT - 40
        assert columns[0] > 40
        assert columns[-1] < WIDTH - 40
        assert 115 <= rows[-1] - rows[0] <= 225
        centre = np.array([rows.mean(), columns.mean()])
        assert before is None or np.abs(centre - before).max() < 40  # px in 0.2 s: no jumps
        before = centre


def test_portraits_take_turns(portraits):
    source = DemoSource(portraits)
    only = [DemoSource([path]) for path in portraits]
    for index, turn in ((239, 0), (240, 1), (479, 1), (480, 0)):
        assert np.array_equal(source.view(index), only[turn].view(index))


def test_pacing(portraits):
    start = time.monotonic()
    assert len(list(DemoSource(portraits, frames=6, fps=100))) == 6
    assert time.monotonic() - start >= 0.05


@pytest.mark.parametrize("fps", [0.001, None])
def test_close_while_it_waits_or_not(portraits, fps):
    source = DemoSource(portraits, fps=fps)
    frames = iter(source)
    next(frames)
    closer = threading.Thread(target=source.close)
    closer.start()
    assert list(frames) == []
    closer.join()


def test_errors(portraits, tmp_path):
    with pytest.raises(SourceError, match="mien setup"):
        DemoSource([])
    other = portraits[0].rename(tmp_path / "me.png")
    with pytest.raises(SourceError, match="unknown demo portrait"):
        DemoSource([other])
    portraits[1].write_bytes(b"broken")
    with pytest.raises(SourceError, match="cannot decode"):
        DemoSource(portraits[1:])
