"""``mien benchmark report … --against``: what got worse is found, and what is noise is not."""

import json
from pathlib import Path

import pytest

from benchmarks.accuracy import chance
from benchmarks.cli.main import main
from benchmarks.report.regressions import Comparison, compare
from benchmarks.report.result_files import Result
from tests.benchmarks import made_up

SLOWER_START = {"first_result_s": 1.3, "first_result_runs_s": [1.28, 1.3, 1.31]}
LARGER = {"peak_rss_mb": 130.0, "rss_growth_kb_per_1000_frames": 80.0}


def compared(old, new) -> Comparison:
    results = ([Result(Path("result.json"), each["kind"], each, "made up")] for each in (new, old))
    return compare(*results)


def regressions(old, new):
    return [row.figure for row in compared(old, new).regressions]


@pytest.mark.parametrize(
    ("kind", "better"), [("latency", 3.0), ("matrix", 1.5), ("accuracy", 900), ("robustness", 0.7)]
)
def test_an_equal_run_and_a_better_one_have_no_regression(kind, better):
    found = compared(made_up.ALL[kind](), made_up.ALL[kind]())
    assert found.rows
    assert (found.regressions, found.notes) == ([], [])
    assert regressions(made_up.ALL[kind](), made_up.ALL[kind](better)) == []


@pytest.mark.parametrize(
    ("old", "new", "figures"),
    [
        (made_up.latency(), made_up.latency(4.2), []),
        (
            made_up.latency(),
            made_up.latency(4.6),
            ["frame over the bare network, p50", "frame, p50", "CPU for a frame"],
        ),
        (made_up.latency(), made_up.latency(4.6) | {"drift_p50": 1.1}, []),
        (made_up.latency(), made_up.latency() | SLOWER_START, ["first result"]),
        (made_up.latency(), made_up.latency() | SLOWER_START | {"first_result_runs_s": [0.9, 1.3, 1.5]}, []),
        (made_up.latency(), made_up.latency() | LARGER, ["peak memory", "memory growth for 1,000 frames"]),
        (made_up.latency() | dict.fromkeys(LARGER), made_up.latency() | LARGER, []),
        (made_up.matrix(2.0), made_up.matrix(2.1), []),
        (made_up.matrix(2.0), made_up.matrix(2.3), ["frame litert, everyday, 2 threads, ratio"]),
        # 3,000 pictures: three standard errors of the difference of two shares of 0.8 are 0.031.
        (made_up.accuracy(700), made_up.accuracy(690), []),
        (made_up.accuracy(), made_up.accuracy() | {"ece": 0.03}, []),
        (made_up.accuracy(), made_up.accuracy() | {"ece": 0.08}, ["ECE"]),
        (made_up.robustness(0.5), made_up.robustness(0.47), []),
        (made_up.robustness(0.5), made_up.robustness(0.35), ["accuracy under gaussian_noise"]),
    ],
)
def test_what_got_worse_beyond_noise(old, new, figures):
    assert regressions(old, new) == figures


def test_the_tail_of_few_frames_is_not_compared():
    assert "frame, p99" in regressions(made_up.latency(4.0), made_up.latency(5.2))
    found = compared(made_up.latency() | {"n": 200}, made_up.latency())
    assert not any("p99" in row.figure for row in found.rows)
    assert any("p99 is not compared" in note for note in found.notes)


@pytest.mark.parametrize("kind", ["latency", "matrix"])
def test_another_machine_is_not_compared_which_is_said_in_one_line(kind):
    old, new = made_up.ALL[kind](1.0), made_up.ALL[kind](9.0)
    made_up.change_environment(old, {"cpu": "Cortex-A72", "python": "3.13.0", "date": "2027-01-01"})
    found = compared(old, new)
    assert found.rows == []
    (note,) = found.notes
    assert "another machine or environment (cpu, python)" in note


def test_accuracy_is_compared_across_machines():
    old = made_up.accuracy(700)
    made_up.change_environment(old, {"cpu": "Cortex-A72"})
    fallen = regressions(old, made_up.accuracy(600))
    assert {"accuracy", "macro F1", "recall of angry", "accuracy of the most confident 60 %"} <= set(fallen)
    assert "recall of neutral" not in fallen


def test_of_unreliable_timings_only_what_load_leaves_alone_is_compared():
    found = compared(made_up.latency(4.0) | {"warnings": ["other load"]}, made_up.latency(6.0))
    assert [row.figure for row in found.regressions] == ["frame over the bare network, p50"]
    assert any("absolute times are not compared" in note for note in found.notes)


def test_the_first_configuration_by_its_time():
    slower = made_up.matrix()
    slower["configurations"][0]["ms"] = made_up.times(4.8)
    assert regressions(made_up.matrix(), slower) == ["frame litert, everyday, 1 thread, p50"]


def test_a_configuration_that_ran_and_no_longer_does():
    broken = made_up.matrix()
    broken["configurations"][1] |= {"reason": "it fell over", "ms": None, "ratio": None, "against": None}
    assert regressions(made_up.matrix(), broken) == ["frame litert, everyday, 2 threads, runs"]
    assert regressions(broken, made_up.matrix()) == []


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ("latency", {"source": "clip.mp4"}),
        ("accuracy", {"split": "PrivateTest"}),
        ("accuracy", {"tracked": True}),
        ("accuracy", {"data": {"file": "fer2013.csv", "sha256": "3" * 64}}),
        ("robustness", {"pictures": None}),
        ("robustness", {"system": "fer"}),
    ],
)
def test_another_configuration_is_not_compared(kind, other):
    found = compared(made_up.ALL[kind]() | other, made_up.ALL[kind]())
    assert found.rows == []
    assert "no older result of this configuration" in found.notes[0]


def test_the_pooled_error_of_two_proportions():
    (change, *_) = chance.of_accuracy(made_up.accuracy(700), made_up.accuracy(700))
    share = made_up.accuracy(700)["accuracy"]
    assert change.error == pytest.approx((share * (1 - share) * 2 / 3000) ** 0.5)


def test_the_error_of_macro_f1_is_about_that_of_a_mean_of_recalls():
    changes = {change.figure: change for change in chance.of_accuracy(made_up.accuracy(), made_up.accuracy())}
    assert 0.005 < changes["macro F1"].error < 0.02


@pytest.mark.parametrize(("frame_ms", "code"), [(4.0, 0), (5.0, 1)])
def test_the_exit_code_and_the_page_tell(tmp_path, capsys, frame_ms, code):
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(made_up.latency(4.0)))
    new.write_text(json.dumps(made_up.latency(frame_ms)))
    flags = ["report", str(new), "--out", str(tmp_path / "out"), "--against", str(old)]
    assert main(flags) == code
    printed = capsys.readouterr()
    assert ("regression: latency, everyday on demo: frame, p50: 4 ms → 5 ms" in printed.err) == bool(code)
    for name in ("report.html", "report.md"):
        text = (tmp_path / "out" / name).read_text("utf-8")
        assert "Compared with before" in text
        assert ("Worse than before" in text) == bool(code)
