"""``mien benchmark all``: which benchmarks are run, what happens to one that fails, and a tiny run."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import all as everything
from benchmarks.cli.main import main
from benchmarks.report.kinds import REPORTED
from tests.benchmarks import made_up

TINY = replace(everything.QUICK, frames=5, rounds=1, block=1, pictures=1)
FAILS = ("accuracy", "--data", "none.csv")


def test_without_data_the_corruptions_are_drawn_and_the_rest_is_said_to_be_missing(tmp_path):
    wanted, excluded = everything.plan_runs(everything.QUICK, None, None, tmp_path)
    assert list(wanted) == ["latency-everyday", "latency-landmarks", "matrix", "sheets"]
    assert "--data" in excluded[0]


def test_with_data_both_bundles_are_scored_on_the_split(tmp_path):
    wanted, excluded = everything.plan_runs(everything.FULL, tmp_path / "a.csv", "PublicTest", tmp_path)
    assert excluded == []
    assert list(wanted)[3:] == [
        f"{kind}-{bundle}" for kind in ("accuracy", "robustness") for bundle in ("everyday", "landmarks")
    ]
    for name in list(wanted)[3:]:
        assert wanted[name][1:5] == ("--data", str(tmp_path / "a.csv"), "--split", "PublicTest")
    assert ("--sustained", "600") == wanted["latency-everyday"][3:5]


def test_the_matrix_has_what_is_installed(tmp_path, monkeypatch):
    for version, backends in ((None, ["litert"]), ("0.10.18", ["litert", "mediapipe"])):
        monkeypatch.setattr(everything, "package_version", lambda _, version=version: version)
        matrix = everything.plan_runs(everything.QUICK, None, None, tmp_path)[0]["matrix"]
        assert list(matrix[2 : matrix.index("--bundle")]) == backends


def test_a_benchmark_that_fails_is_named_and_the_others_go_on(tmp_path, capfd):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "accuracy-none.json").write_text("of an earlier run")
    files, failures = everything.measure({"accuracy-none": FAILS, "again": FAILS}, folder, everything.QUICK)
    assert files == []
    assert [failure.partition(": ")[0] for failure in failures] == ["accuracy-none", "again"]
    assert "none.csv" in failures[0]
    assert list(folder.iterdir()) == []
    assert "error: " in capfd.readouterr().err


@pytest.mark.parametrize(("limit_s", "what"), [(0.0, "not begun"), (0.05, "ended")])
def test_the_time_limit_ends_the_benchmark_that_runs_and_begins_no_other(limit_s, what, tmp_path):
    found = everything.measure({"accuracy-none": FAILS}, tmp_path, replace(everything.QUICK, limit_s=limit_s))
    assert found == ([], [f"accuracy-none: {what}: the time limit was reached"])


def test_ctrl_c_leaves_what_is_finished(tmp_path, monkeypatch, capsys):
    def interrupted(flags, _):
        if flags[0] == "matrix":
            raise KeyboardInterrupt
        Path(flags[-1]).write_text(json.dumps(made_up.latency()))

    monkeypatch.setattr(everything, "run_command", interrupted)
    assert main(["all", "--quick", "--out", str(tmp_path)]) == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "latency-everyday.json",
        "latency-landmarks.json",
    ]
    assert capsys.readouterr().err == "error: interrupted\n"


@pytest.mark.parametrize("name", ["latency-everyday.json", "matrix.json", "report.html", "sheets/darker.png"])
def test_files_of_others_are_left_alone_before_anything_is_measured(tmp_path, monkeypatch, refused, name):
    monkeypatch.setattr(everything, "run_command", lambda *_: pytest.fail("it was started"))
    mine = tmp_path / name
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    refused(1, f"{name} was not written by this program", "all", "--quick", "--out", tmp_path)
    assert mine.read_text() == "mine"


def test_a_file_where_the_folder_would_be(tmp_path, monkeypatch, refused):
    monkeypatch.setattr(everything, "run_command", lambda *_: pytest.fail("it was started"))
    mine = tmp_path / "mine"
    mine.write_text("mine")
    refused(1, f"{mine} is a file: name a folder", "all", "--quick", "--out", mine)
    assert mine.read_text() == "mine"


def test_what_failed_is_named_in_the_report_of_the_rest(tmp_path, monkeypatch, capsys):
    def one_fails(flags, _):
        if flags[0] != "latency":
            return "it fell over"
        Path(flags[-1]).write_text(json.dumps(made_up.latency()))
        return None

    monkeypatch.setattr(everything, "run_command", one_fails)
    assert main(["all", "--quick", "--out", str(tmp_path)]) == 1
    text = (tmp_path / "report.md").read_text("utf-8")
    assert "matrix: it fell over" in text
    assert text.count("## Latency: ") == 2


def test_a_csv_is_scored_on_its_public_test(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(everything, "run", lambda *arguments: asked.append(arguments) or 0)
    (tmp_path / "a.csv").touch()
    for more in ([], ["--split", "Training"]):
        main(["all", "--out", str(tmp_path), "--data", str(tmp_path / "a.csv"), *more])
    main(["all", "--quick", "--out", str(tmp_path), "--data", str(tmp_path)])
    assert [arguments[3] for arguments in asked] == ["PublicTest", "Training", None]
    assert [arguments[0] for arguments in asked] == [everything.FULL, everything.FULL, everything.QUICK]


def test_a_tiny_run_of_everything(class_folders, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(everything, "QUICK", TINY)
    monkeypatch.setattr(everything, "BUNDLES", ("landmarks",))
    folder = tmp_path / "out"
    assert main(["all", "--quick", "--out", str(folder), "--data", str(class_folders)]) == 0
    files = sorted(folder.glob("*.json"))
    kinds = [json.loads(file.read_text("utf-8"))["kind"] for file in files]
    # All but peers, which would make environments of gigabytes.
    assert sorted(kinds) == sorted(set(REPORTED) - {"peers"})
    text = (folder / "report.md").read_text("utf-8")
    assert "Not measured" not in text
    assert "5 frames are few" in text
