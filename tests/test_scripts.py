"""What the scripts say on a machine that lacks something, and when they make an environment anew."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.one_line import check_one_line

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "scripts"


def run(command, **environ):
    """Exit code and standard error of a command, in an environment of just these variables."""
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=120)
    return result.returncode, result.stderr


@pytest.fixture
def bare(tmp_path):
    """A folder for PATH with the shell and its few tools, and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("bash", "dirname", "basename"):
        (folder / tool).symlink_to(shutil.which(tool))
    return folder


def add_python(folder, name, answer):
    """A stand-in for an interpreter: answers the scripts' question with this line."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)


@pytest.fixture
def maker(tmp_path):
    """An interpreter that makes environments like itself in no time; its pip can install nothing."""
    path = tmp_path / "python"
    path.write_text(
        """#!/bin/sh
        for last; do :; done
        case "$*" in
        "-m venv "*) mkdir -p "$last/bin" && cp "$0" "$last/bin/python" ;;
        "-m pip install "*) ! grep -q "^[a-z]" "$(dirname "$last")"/requirements*.txt ;;
        *) echo "3.12 True True" ;;
        esac
        """
    )
    path.chmod(0o755)
    return str(path)


def check_line(result, script, *words):
    check_one_line(f"scripts/{script}", *result, *words)


@pytest.mark.parametrize("script", ["demo", "test", "test-mediapipe", "test-slow"])
@pytest.mark.parametrize(
    ("pythons", "words"),
    [
        ({}, ("no python3", "3.11, 3.12 or 3.13", "apt-get install python3 python3-venv")),
        (
            {"python3": "3.9 False True"},
            ("3.11, 3.12 or 3.13", "found python3 is 3.9", "apt-get install python3.11", "PYTHON="),
        ),
        (
            {"python3": "3.14 False True", "python3.12": "3.12 True False"},
            ("3.12 lacks venv", "apt-get install python3.12-venv"),
        ),
    ],
)
def test_one_line_says_what_is_lacking(bare, script, pythons, words):
    for name, answer in pythons.items():
        add_python(bare, name, answer)
    check_line(run([SCRIPTS / script], PATH=str(bare)), script, *words)


def test_a_python_that_does_not_run_is_named(bare):
    result = run([SCRIPTS / "demo"], PATH=str(bare), PYTHON="/nowhere/python")
    check_line(result, "demo", "PYTHON=/nowhere/python", "3.11, 3.12 or 3.13")


def test_another_python_is_tested_in_environments_of_its_own(tmp_path, maker):
    """In place of ``scripts/test``, one that only makes an environment."""
    scripts = tmp_path / "checkout" / "scripts"
    shutil.copytree(SCRIPTS, scripts)
    (scripts / "test").write_text(
        'source "$(dirname "$0")/common.sh"; find_python; environment .venv-edge requirements-x.txt\n'
    )
    (scripts.parent / "requirements-x.txt").touch()
    assert run([scripts / "test-python", maker], PATH=os.environ["PATH"]) == (0, "")
    made = scripts.parent.rglob("python")
    assert [path.parents[2].relative_to(scripts.parent).parts[0] for path in made] == [".venvs"]
    assert {path.name for path in scripts.parent.iterdir()} == {"scripts", "requirements-x.txt", ".venvs"}


def test_another_python_must_be_named(bare):
    check_line(run([SCRIPTS / "test-python"], PATH=str(bare)), "test-python", "name or path of a Python")


def test_what_skips_without_the_packages_of_a_desktop_is_run_with_them():
    """``scripts/test`` runs these files a second time, in .venv."""
    script = (SCRIPTS / "test").read_text("utf-8")
    for room in ("edge", "evaluation"):
        for path in (ROOT / "tests" / room).rglob("test_*.py"):
            text = path.read_text("utf-8")
            skips = "importorskip" in text or "is not installed" in text
            assert not skips or path.relative_to(ROOT).as_posix() in script, path


@pytest.mark.parametrize("name", ["relative", "name on the path", "a link"])
def test_a_python_is_found_from_any_folder(tmp_path, name):
    """The scripts change the folder; a link stays one, for it may be a virtual environment's."""
    add_python(tmp_path, "real", "3.11 True True")
    (tmp_path / "py").symlink_to("real")
    (tmp_path / "sub").mkdir()
    python = {"relative": "../py", "name on the path": "py", "a link": tmp_path / "py"}[name]
    find = f'cd "{tmp_path}/sub"; source "{SCRIPTS}/common.sh"; find_python; cd /; printf %s "$python" >&2'
    code, found = run(["bash", "-euc", find], PATH=f"{tmp_path}:{os.environ['PATH']}", PYTHON=str(python))
    assert code == 0
    assert found.endswith("/py")
    assert Path(found).samefile(tmp_path / "real")


def test_mediapipe_says_which_python_it_needs(bare):
    add_python(bare, "python3", "3.13 True True")
    result = run([SCRIPTS / "test-mediapipe"], PATH=str(bare))
    check_line(result, "test-mediapipe", "3.11 or 3.12", "found 3.13", "PYTHON=")


def test_environment_is_made_once_and_again_when_half_made_or_outdated(tmp_path, maker):
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    shutil.copy(SCRIPTS / "common.sh", scripts)
    script = scripts / "make"
    script.write_text(
        'set -euo pipefail; source "$(dirname "$0")/common.sh"\n'
        "find_python; environment .venv-x requirements-x.txt\n"
    )
    (tmp_path / "requirements-x.txt").write_text("-r requirements-y.txt\n")
    included = tmp_path / "requirements-y.txt"
    included.write_text("# nothing\n")
    left_over = tmp_path / ".venv-x" / "half-made"
    left_over.parent.mkdir()
    left_over.touch()
    environ = {"PATH": os.environ["PATH"], "PYTHON": maker}

    assert run(["bash", script], **environ)[0] == 0
    assert not left_over.exists()
    left_over.touch()
    assert run(["bash", script], **environ) == (0, "")
    assert left_over.exists()

    included.write_text("a-package-that-cannot-be-had==1.0\n")
    code, errors = run(["bash", script], **environ)
    assert code == 1
    assert "scripts/make: pip could not install requirements-x.txt" in errors.splitlines()[-1]
    assert not left_over.exists()
    assert not (tmp_path / ".venv-x" / ".made-from").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("NAME DATA FOLDER", "found 0")),
        (("happy", "fer2013.csv", "work"), ("everyday, fer2013, ferplus or landmarks", "found happy")),
    ],
)
def test_retrain_says_what_it_wants(arguments, words):
    check_line(run([SCRIPTS / "retrain", *arguments], PATH=os.environ["PATH"]), "retrain", *words)
