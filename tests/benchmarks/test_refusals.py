"""What cannot run ends with one line and an exit code, and replaces no file of others."""

import json

import pytest

from benchmarks.cli.main import main
from benchmarks.latency import latency
from tests.benchmarks import made_up

NO_BUNDLE = "no bundle 'no-such-bundle': shipped are"


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("latency --source no-such-file.mpg", 1, "no-such-file.mpg"),
        ("latency --bundle no-such-bundle", 78, NO_BUNDLE),
        ("latency --models-dir no-such-folder", 78, "mien setup"),
        ("latency --models-dir no-such-folder --sustained 600", 78, "mien setup"),
        ("latency --threads 0", 78, "landmarks.threads must be 1…16"),
        ("latency --landmarks mediapipe-tasks", 78, "face_landmarker.task"),
        ("latency --against mediapipe-tasks", 78, "face_landmarker.task"),
        ("latency --against-bundle no-such-bundle", 78, NO_BUNDLE),
        ("latency --landmarks mediapipe --bundle everyday", 78, "mediapipe does not give"),
        ("matrix --bundle no-such-bundle", 78, NO_BUNDLE),
        ("matrix --rounds 1 --frames 1 --models-dir no-such-folder", 1, "no configuration runs: "),
        ("accuracy --data DATA --workers 1 --split exam", 1, "has no split 'exam': it has test"),
        ("accuracy --data DATA --workers 2 --split exam", 1, "has no split 'exam': it has test"),
        ("accuracy --data no-such-data", 1, "no data at no-such-data"),
        ("accuracy --data DATA --bundle no-such-bundle", 78, NO_BUNDLE),
        ("accuracy --data DATA --workers 1 --truth votes", 1, "no picture to score"),
        ("accuracy --data DATA --scale 0.5", 78, "scale must be 1…16"),
        ("accuracy --data DATA --landmarks mediapipe-tasks", 78, "face_landmarker.task"),
        ("accuracy --data DATA --landmarks mediapipe --tracked", 78, "--tracked needs --landmarks litert"),
        (
            "accuracy --data DATA --landmarks mediapipe --assume-face",
            78,
            "--assume-face needs --landmarks litert",
        ),
        ("compare no-such.csv no-such.csv", 1, "cannot read no-such.csv: No such file or directory"),
        ("reasons --data no-such-folder", 1, "no data at no-such-folder"),
        ("reasons --data x --bundle no-such-bundle", 78, NO_BUNDLE),
        ("robustness", 78, "nothing to do: name pictures with --data"),
        ("robustness --data x --corruptions fog", 78, "no corruption 'fog'"),
        ("robustness --data no-such-folder", 1, "no data at no-such-folder"),
        ("robustness --data x --reference no.json", 1, "cannot read the reference no.json"),
        ("robustness --data x --landmarks mediapipe", 78, "robustness needs --landmarks litert"),
        ("report no.json --out x", 1, "cannot read no.json: No such file"),
        ("all --out OUT --data no-such-data", 1, "no data at no-such-data"),
    ],
)
def test_what_cannot_run_is_one_line(command, code, message, refused, class_folders, tmp_path):
    places = {"DATA": class_folders, "OUT": tmp_path / "out"}
    argv = [places.get(word, word) for word in command.split()]
    if argv[0] not in ("report", "all"):
        argv += ["--json", tmp_path / "out.json"]
    refused(code, message, *argv)
    assert list(tmp_path.iterdir()) == []


def test_a_seed_that_numpy_does_not_take_is_a_wrong_flag(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["robustness", "--data", "x", "--seed", "-1"])
    assert "must be 0 or more, not -1" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["latency --json", "accuracy --data DATA --answers"])
def test_a_result_that_cannot_be_written_is_told_before_the_run(command, class_folders, tmp_path, refused):
    *argv, flag = command.replace("DATA", str(class_folders)).split()
    (tmp_path / "file").write_text("")
    refused(1, f"cannot write {tmp_path}", *argv, flag, tmp_path / "file" / "out")
    refused(1, f"{flag} must name a file, but {tmp_path} is a folder", *argv, flag, tmp_path)
    refused(1, f"{flag} must name a file, but /dev/null is a device or a pipe", *argv, flag, "/dev/null")


@pytest.mark.parametrize(
    ("flag", "content"),
    [
        ("--json", b'{"note": "my only results"}'),
        ("--json", b"[]"),
        ("--json", b"\0\xff"),
        ("--json", b'{"kind": "cake"}'),
        ("--answers", b"my,own,table\n1,2,3\n"),
        ("--answers", b"\x89PNG\r\n\x1a\n\x00\xff"),
        ("--answers", b"x" * 300_000),
    ],
)
def test_a_file_of_somebody_else_is_not_replaced(flag, content, class_folders, tmp_path, refused):
    mine = tmp_path / "mine"
    mine.write_bytes(content)
    refused(1, f"{mine} was not written by this program", "accuracy", "--data", class_folders, flag, mine)
    assert mine.read_bytes() == content


def test_two_results_in_one_file_are_refused(tmp_path, refused):
    flags = ("--json", tmp_path / "out", "--answers", f"{tmp_path}/./out")
    refused(78, "--json and --answers both name", "accuracy", "--data", "x", *flags)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", json.dumps(made_up.latency())])
def test_an_earlier_result_is_replaced_also_behind_a_link(tmp_path, monkeypatch, content):
    result = made_up.latency()
    monkeypatch.setattr(latency, "benchmark", lambda *_: result | {"schema": 99})
    (tmp_path / "there.json").write_text(content)
    (tmp_path / "out.json").symlink_to("there.json")
    assert main(["latency", "--json", str(tmp_path / "out.json")]) == 0
    assert (tmp_path / "out.json").is_symlink()
    assert json.loads((tmp_path / "there.json").read_text())["schema"] == 99
