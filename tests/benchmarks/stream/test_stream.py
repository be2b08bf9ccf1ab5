"""The benchmark of the socket, with a real service; and its figures from blocks that are known."""

import os

import numpy as np
import pytest

from benchmarks.stream import stream
from edge.core.errors import MienError
from edge.settings import load_settings


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_it_measures_a_service_in_every_mode(portraits, benchmark_json, capsys):
    cores = os.sched_getaffinity(0)
    result = benchmark_json("stream", "--rounds", 1, "--seconds", 1, "--readers", 3)
    assert os.sched_getaffinity(0) == cores
    assert result["kind"] == "stream"
    assert [*result["modes"]] == ["without", "idle", "readers", "mesh"]
    for figures in result["modes"].values():
        assert figures["n"] >= 10
        assert figures["rss_mb"] > 50 > figures["rss_growth_mb"]
        assert figures["cpu_ms_per_frame"] > figures["frame_ms"]["p50"] / 2
    rate = {mode: figures["lines_per_reader_and_s"] for mode, figures in result["modes"].items()}
    assert (rate["without"], rate["idle"]) == (None, None)
    assert min(rate["readers"], rate["mesh"]) > 10
    assert "3 readers" in capsys.readouterr().out


def test_a_ratio_is_the_median_over_the_rounds():
    def block(ms, cpu):
        return {"frame_ns": np.array([ms, ms, 10 * ms]) * 1e6, "cpu_ms": cpu}

    ratios = stream.ratios([block(2, 3), block(4, 3), block(9, 3)], [block(1, 2), block(1, 3), block(1, 6)])
    assert ratios["frame_p50"]["p50"] == 4.0
    assert ratios["cpu_per_frame"]["p50"] == 1.0


def test_more_readers_than_a_service_takes_are_a_line():
    with pytest.raises(MienError, match="64 readers"):
        stream.benchmark(load_settings(None, {}), 1, 1, 64)


def test_one_core_is_a_line(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0})
    with pytest.raises(MienError, match="two cores are needed"):
        stream.benchmark(load_settings(None, {}), 1, 1, 1)
