"""Rows beyond the block that is held in memory."""

from contextlib import closing

from benchmarks.latency.recorder import Recorder


def test_every_row_comes_back_in_order_and_more_may_follow():
    with closing(Recorder("ns", "faces")) as recorder:
        for row in range(2500):
            recorder.add(row, -row)
        rows = recorder.rows(skip=1234)
        assert rows["ns"].tolist() == list(range(1234, 2500))
        assert (rows["faces"] == -rows["ns"]).all()
        recorder.add(7, 8)
        assert recorder.rows()["faces"][-2:].tolist() == [-2499, 8]


def test_no_row_is_an_empty_column():
    with closing(Recorder("ns")) as recorder:
        assert recorder.rows()["ns"].tolist() == []
