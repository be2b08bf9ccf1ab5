"""Names of files are other people's text: whatever they hold, they forge no line and command no terminal."""

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.cli.main import main as benchmarks
from edge.cli import console
from edge.cli.main import main as edge
from edge.core.text import escaped

ROOT = Path(__file__).resolve().parents[3]

NAME = os.fsdecode(
    b"a\nerror: forged\x1b[31m\rerror: forged\x07"
    + "\u202egpj.exe\u2028error: forged\x85error: forged".encode()
    + b"\xe9.jpg"
)
"""A line and colours of somebody else, one that is written over, text turned round, two line ends that few
know, and a letter in Latin-1."""


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


def check(*texts):
    """Nothing but lines that print, none of them forged."""
    for line in "\n".join(texts).split("\n"):
        for part in line.split("\r"):  # a bar of progress goes back to the start of its line
            assert part.isprintable(), repr(line)
            assert not part.startswith("error: forged"), repr(line)


@pytest.fixture
def pictures(tmp_path, portrait_files):
    """A class folder with a whole picture and a broken one of such names."""
    folder = tmp_path / "data" / "\x1b[31m happy"
    folder.mkdir(parents=True)
    shutil.copy(portrait_files[1], folder / NAME)
    (folder / f"b{NAME}").write_bytes(b"no picture")
    return folder


def run(*arguments):
    """A command in a process of its own that ends well; its standard output and errors."""
    command = [sys.executable, "-m", *map(str, arguments)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
    out, err = (text.decode("utf-8", errors="surrogateescape") for text in (result.stdout, result.stderr))
    check(out, err)
    assert result.returncode == 0, err
    return out, err


@pytest.mark.parametrize("sink", ["live", "jsonl"])
def test_pictures_of_such_names(pictures, sink):
    out, err = run("edge", "run", "--source", pictures, "--sink", sink)
    (line,) = out.splitlines()
    assert sink == "live" or json.loads(line)["source"] == str(pictures / NAME)
    assert len([line for line in err.splitlines() if line.startswith("WARNING")]) == 1


@pytest.mark.parametrize(
    ("main", "arguments", "code"),
    [
        (edge, ("run", "--source", "{}"), 1),
        (edge, ("check", "--bundle", "{}"), 78),
        (edge, ("check", "--config", "{}"), 78),
        (edge, ("models", "install", "{}"), 78),
        (edge, ("setup", "--models-dir", "/nowhere", "--from", "{}"), 78),
        (edge, ("run", "{}"), 2),
        (benchmarks, ("report", "{}", "--out", "/nowhere"), 1),
    ],
)
def test_errors_with_such_names(command, pictures, main, arguments, code):
    broken = str(pictures / f"b{NAME}")
    found, *texts = command(main, *(argument.replace("{}", broken) for argument in arguments))
    check(*texts)
    assert found == code


def test_what_is_said_of_such_settings(command, tmp_path, portrait_files):
    path = tmp_path / NAME
    path.write_text('source = "demo"\n')
    code, *texts = command(edge, "check", "--config", path)
    check(*texts)
    assert code == 0, texts


def test_benchmarks_of_such_pictures(pictures):
    data = ("--data", pictures.parent, "--bundle", "landmarks", "--workers", 1)
    _, err = run("benchmarks", "accuracy", *data)
    assert err.count("warning: ") == 1


@pytest.mark.parametrize(
    ("command", "package"), [(("inspect",), "matplotlib"), (("extract", "--workers", 1, "--out"), "tqdm")]
)
def test_training_on_such_pictures(pictures, tmp_path, command, package):
    pytest.importorskip(package)
    name, *flags = command
    run("train", name, pictures.parent, *flags, *[tmp_path / "out"] * bool(flags))


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
