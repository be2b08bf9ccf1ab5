"""Names of files are other people's text: whatever they hold, they forge no line and command no terminal."""

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.cli import console
from edge.core.text import escaped
from edge.landmarks import assets

ROOT = Path(__file__).resolve().parents[3]

NAMES = (
    b"a\nerror: forged\x1b[31m.jpg",
    b"b\rerror: forged\x07.jpg",
    "c\u202egpj.exe.jpg".encode(),
    "d\u2028error: forged\x85error: forged.jpg".encode(),
    b"e\xe9.jpg",
)
"""A line and colours of somebody else; a line that is written over; text turned round; two line ends that few
know; a name in Latin-1."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Küche/größer 1.jpg", "Küche/größer 1.jpg"),
        ("a\nb\tc\rd", r"a\nb\tc\rd"),
        ("\x1b[31m\x00\x9b", r"\x1b[31m\x00\x9b"),
        ("\u202e\u200b\ufeff\u2028", r"\u202e\u200b\ufeff\u2028"),
        (os.fsdecode(b"e\xe9"), r"e\udce9"),
        ("", ""),
    ],
)
def test_what_does_not_print_is_shown_as_python_writes_it(text, shown):
    assert escaped(text) == shown


def check(result):
    """Nothing but lines that print, none of them forged."""
    for text in (result.stdout, result.stderr):
        for line in text.split("\n"):
            for part in line.split("\r"):  # a bar of progress goes back to the start of its line
                assert part.isprintable(), repr(line)
                assert not part.startswith("error: forged"), repr(line)


@pytest.fixture
def pictures(tmp_path, portraits):
    """Class folders with a whole picture and a broken one of each name."""
    for kind in ("good", "bad"):
        folder = tmp_path / "data" / f"{kind}\x1b[31m happy"
        folder.mkdir(parents=True)
        for name in NAMES:
            path = folder / os.fsdecode(name)
            if kind == "good":
                shutil.copy(assets.find(assets.HOPPER), path)
            else:
                path.write_bytes(b"no picture")
    return tmp_path / "data"


def command(*arguments):
    result = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=False,
    )
    out, err = (text.decode("utf-8", errors="surrogateescape") for text in (result.stdout, result.stderr))
    shown = subprocess.CompletedProcess(result.args, result.returncode, out, err)
    check(shown)
    return shown


@pytest.mark.parametrize("sink", ["live", "jsonl"])
def test_pictures_of_such_names(pictures, sink):
    for kind in ("good", "bad"):
        (folder,) = pictures.glob(f"{kind}*")
        result = command("edge", "run", "--source", folder, "--sink", sink)
        assert result.returncode == 0
        lines = result.stdout.splitlines()
        assert len(lines) == (len(NAMES) if kind == "good" else 0)
        if sink == "jsonl" and kind == "good":
            assert [json.loads(line)["source"] for line in lines] == [
                f"{folder}/{os.fsdecode(name)}" for name in sorted(NAMES)
            ]
        warnings = [line for line in result.stderr.splitlines() if line.startswith("WARNING")]
        assert len(warnings) == (0 if kind == "good" else len(NAMES))


def test_errors_with_such_names(pictures, tmp_path):
    (folder,) = pictures.glob("bad*")
    for path in folder.iterdir():
        assert command("edge", "run", "--source", path).returncode == 1
        assert command("edge", "check", "--bundle", path).returncode == 78
        assert command("edge", "check", "--config", path).returncode == 78
        assert command("edge", "models", "install", path).returncode == 78
        assert command("edge", "setup", "--from", path, "--models-dir", tmp_path / "m").returncode == 78
        assert command("edge", "run", path).returncode == 2
        assert command("benchmarks", "report", path, "--out", tmp_path / "report").returncode == 1


def test_what_is_said_of_such_settings(pictures, tmp_path):
    (folder,) = pictures.glob("bad*")
    for path in folder.iterdir():
        path.write_text('source = "demo"\n')
        assert command("edge", "check", "--config", path).returncode == 0


def test_benchmarks_of_such_pictures(pictures):
    result = command("benchmarks", "accuracy", "--data", pictures, "--bundle", "landmarks", "--workers", 1)
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("warning: ") == len(NAMES)


@pytest.mark.parametrize(("commands", "package"), [(("inspect",), "matplotlib"), (("extract",), "tqdm")])
def test_training_on_such_pictures(pictures, tmp_path, commands, package):
    pytest.importorskip(package)
    for name in commands:
        out = () if name == "inspect" else ("--out", tmp_path / "out", "--workers", 1)
        result = command("train", name, pictures, *out)
        assert result.returncode == 0, result.stderr


def test_the_log_has_a_line_for_each_message(capsys):
    log = logging.getLogger("test")
    log.propagate = False
    log.addHandler(console.log_handler())
    try:
        log.warning("skipped: %s", "a\nerror: forged\x1b[31m")
        try:
            raise ValueError("x\x1b[31m")
        except ValueError:
            log.exception("a bug")
    finally:
        log.handlers.clear()
    first, *rest = capsys.readouterr().err.splitlines()
    assert first == r"WARNING test: skipped: a\nerror: forged\x1b[31m"
    assert rest[:2] == ["ERROR test: a bug", "Traceback (most recent call last):"]
    assert rest[-1] == r"ValueError: x\x1b[31m"
