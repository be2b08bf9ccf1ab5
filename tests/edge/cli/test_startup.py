"""How a command begins: closed streams, Ctrl-C while it is imported, packages or a system that is missing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MODULES = ("mien", "edge", "train", "convert", "benchmarks", "train.study")
INTERRUPTED = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"


@pytest.fixture
def python_with(tmp_path, python):
    """Run Python with files of ours before all others: name → content."""

    def run(files, *arguments):
        for name, content in files.items():
            (tmp_path / name).write_text(content)
        return python("-P", *arguments, path=[tmp_path])

    return run


def check_interrupted(result):
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "error: interrupted\n")


# ---- Ctrl-C ----


@pytest.mark.parametrize("module", MODULES)
def test_ctrl_c_while_it_is_imported(python_with, module):
    check_interrupted(python_with({"argparse.py": INTERRUPTED}, "-m", module))


@pytest.mark.parametrize("name", ["logging", "numpy", "dacite", "json"])
@pytest.mark.parametrize("begin", [("-m", "edge"), ("-c", "from mien.__main__ import main; exit(main())")])
def test_ctrl_c_in_the_middle_of_what_is_imported(python_with, begin, name):
    """The second way is that of the command ``mien``."""
    check_interrupted(python_with({f"{name}.py": INTERRUPTED}, *begin))


def test_ctrl_c_that_native_code_makes_something_else_of(python_with):
    """NumPy's, for one, tells of an installation that is broken."""
    careless = f"try:\n    {INTERRUPTED}\nexcept BaseException:\n    raise ImportError('broken') from None"
    for name, command in (("numpy", "edge"), ("tensorflow", "convert run --out out")):
        check_interrupted(python_with({f"{name}.py": careless}, "-m", *command.split()))


def test_ctrl_c_after_the_last_word_is_not_an_error_message(python_with):
    code = (
        "import atexit, sys; from edge.cli.startup import start; atexit.register(lambda: __import__('late'))"
    )
    late = INTERRUPTED + "; import time; time.sleep(60)"
    result = python_with(
        {"late.py": late, "done.py": "main = lambda: 0"}, "-c", f"{code}; sys.exit(start('done'))"
    )
    assert (result.returncode, result.stdout, result.stderr) == (-2, "", "")


# ---- closed and full streams ----


def shell(command, tmp_path, **variables):
    """Exit code, and the standard error where it is open."""
    result = subprocess.run(
        ["bash", "-c", f'mien() {{ {sys.executable} -P -m edge "$@"; }}; {command}'],
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return result.returncode, result.stdout, result.stderr


@pytest.fixture
def hopper(portrait_files):
    return portrait_files[1]


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_cost_nothing_but_what_would_have_gone_there(tmp_path, hopper, closed):
    run = f"mien run --source {hopper} --sink jsonl --jsonl-file out.jsonl"
    code, out, err = shell(f"{run} {closed}", tmp_path)
    assert (code, out) == (0, "")
    (line,) = (tmp_path / "out.jsonl").read_text().splitlines()
    assert json.loads(line)["source"] == str(hopper)
    assert ("1 frames" in err) == ("2>" not in closed)


@pytest.mark.parametrize("command", ["check", "info", "models list", "--help"])
def test_a_command_without_an_output(tmp_path, models, command):
    assert shell(f"mien {command} >&-", tmp_path)[0] == 0


def test_what_it_starts_has_its_streams_too(tmp_path):
    """What is opened without being meant for a child is closed there, and the hole is back."""
    code = "import subprocess, sys; from edge.cli.startup import open_standard_streams as o; o(); sys.exit("
    child = "import os; [os.fstat(number) for number in range(3)]"
    code += f'subprocess.call([sys.executable, "-c", "{child}"]))'
    assert shell(f"{sys.executable} -c '{code}' <&- >&- 2>&-", tmp_path)[0] == 0


@pytest.mark.parametrize(
    ("command", "unbuffered"), [("info", ""), ("info", "1"), ("check", ""), ("models list", "1")]
)
def test_a_full_output_is_one_line(tmp_path, models, command, unbuffered):
    code, _, err = shell(f"mien {command} >/dev/full", tmp_path, PYTHONUNBUFFERED=unbuffered)
    assert code == 1
    errors = [line for line in err.splitlines() if not line.startswith(("INFO", "libpng"))]
    assert errors == ["error: No space left on device"]


def test_a_full_standard_error_is_an_error_without_words(tmp_path, hopper):
    out = tmp_path / "out.jsonl"
    run = f"mien run --source {hopper} --sink jsonl --jsonl-file {out}"
    assert shell(f"{run} 2>/dev/full", tmp_path) == (1, "", "")
    assert shell("mien info --bundle nowhere 2>/dev/full", tmp_path) == (78, "", "")
    assert json.loads(out.read_text())["frame"] == 0


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_goes_away(tmp_path, models, unbuffered):
    command = "set -o pipefail; mien info | head -1"
    code, out, err = shell(command, tmp_path, PYTHONUNBUFFERED=unbuffered)
    assert (code, out) == (0, "{\n")
    assert "rror" not in err


# ---- what is missing ----


def missing(*names):
    """A Python that does not find these packages."""
    code = f"""
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Finder())
"""
    return {"sitecustomize.py": code}


@pytest.mark.parametrize(
    ("module", "name"), [("edge", "numpy"), ("edge", "cv2"), ("edge", "dacite"), ("benchmarks", "numpy")]
)
def test_a_device_without_its_packages(python_with, module, name):
    result = python_with(missing(name), "-m", module)
    line = f"error: the package {name} is missing: pip install -r requirements-edge.txt\n"
    assert (result.returncode, result.stdout, result.stderr) == (1, "", line)


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("train inspect data", "tqdm"),
        ("train extract data --out out", "tqdm"),
        ("train fit data --out out", "tensorflow"),
        ("train teach data landmarks --out out", "tensorflow"),
        ("convert run --out out", "tensorflow"),
        ("mien timeline records.jsonl --out out.html", "jinja2"),
        ("mien timeline records.jsonl --out out.png", "matplotlib"),
    ],
)
def test_a_desktop_without_its_packages(python_with, tmp_path, command, name):
    files = missing(name, "keras", "matplotlib") if name == "tensorflow" else missing(name)
    result = python_with(files, "-m", *command.split())
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith("error: the package ")
    assert result.stderr.endswith(" is missing: pip install -r requirements-train.txt\n")
    assert result.stderr.count("\n") == 1


def test_a_system_without_a_module_of_linux(python_with):
    files = {"sitecustomize.py": "import sys; sys.modules['fcntl'] = None; sys.platform = 'darwin'"}
    result = python_with(files, "-m", "edge", "info")
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "warning: this program is for Linux; it was not tested on darwin",
        "error: this command needs Linux: darwin has no fcntl",
    ]
