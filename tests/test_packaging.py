"""The wheel holds what the device needs, and the installed program works away from the checkout."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import numpy as np
import pytest

import edge
from benchmarks.robustness.corruption_error import REFERENCE
from edge.bundles.format import JSON_FILE, MODEL_FILE
from edge.bundles.store import SHIPPED, shipped

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PACKAGES = [name.rstrip("*") for name in PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]]


def run(*command: object, cwd: Path) -> str:
    """The standard output of a command that must succeed."""
    result = subprocess.run(
        [*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The project's wheel, built from a copy: building leaves files beside the sources."""
    copy, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("wheel")
    for package in (*PACKAGES, "tests"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements-edge.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index")
    run(*pip, "--wheel-dir", out, copy, cwd=out)
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel):
    """The names of the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The ``bin`` of a new virtual environment that has the wheel, and sees the packages of this one."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "lent.pth").write_text(f"{Path(np.__file__).parents[1]}\n")
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install")
    run(*pip, "--no-deps", "--no-index", wheel, cwd=folder)
    return folder / "bin"


def test_all_modules_and_nothing_else(names):
    modules = {p.relative_to(ROOT).as_posix() for package in PACKAGES for p in (ROOT / package).rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules
    assert {name.split("/")[0] for name in names} == {*PACKAGES, f"mien-{edge.__version__}.dist-info"}


def test_data_files_are_in_it(names):
    files = [
        *(SHIPPED / bundle / name for bundle in shipped() for name in (JSON_FILE, MODEL_FILE)),
        *(ROOT / "benchmarks" / "peers" / "recognizers" / "face_api_npm").glob("*.js*"),
        *(ROOT / "evaluation" / "report" / name for name in ("page.html", "style.css")),
        *(path for path in (ROOT / "mien" / "page" / "static").rglob("*") if path.is_file()),
        REFERENCE,
    ]
    assert len(files) >= 6
    assert {path.relative_to(ROOT).as_posix() for path in files} <= names


def test_metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        metadata = Parser().parsestr(
            archive.read(f"mien-{edge.__version__}.dist-info/METADATA").decode("utf-8")
        )
    lines = metadata.get_all("Requires-Dist")
    needed = {re.split(r"[^\w-]", line)[0] for line in lines if "extra ==" not in line}
    assert needed == {"ai-edge-litert", "tflite-runtime", "opencv-python-headless", "numpy", "dacite"}
    extras = {(re.split(r"[^\w-]", line)[0], line.partition("extra ==")[2].strip(" '\"")) for line in lines}
    assert {pair for pair in extras if pair[1]} == {("starlette", "page"), ("uvicorn", "page")}
    assert metadata.get_all("Provides-Extra") == ["page"]
    assert metadata["License-Expression"] == "Apache-2.0"


def test_the_packages_of_the_page_are_those_of_its_requirements():
    lines = (ROOT / "requirements-page.txt").read_text("utf-8").splitlines()
    needed = [line for line in lines if line and not line.startswith(("#", "-r "))]
    assert PROJECT["project"]["optional-dependencies"] == {"page": needed}
    assert "-r requirements-edge.txt" in lines
    assert "-r requirements-page.txt" in (ROOT / "requirements-test.txt").read_text("utf-8").splitlines()


def test_the_command_is_that_of_the_installed_package(installed, tmp_path):
    where = run(
        installed / "python", "-c", "import edge, mien; print(edge.__file__, mien.__file__)", cwd=tmp_path
    )
    assert all(Path(file).is_relative_to(installed.parent) for file in where.split())
    assert run(installed / "mien", "--version", cwd=tmp_path).split()[-1] == edge.__version__


EXPECTED = {
    "astronaut.png": ("happy", 0.85, (178, 72, 94, 104)),
    "grace_hopper.jpg": ("neutral", 0.33, (171, 131, 185, 202)),
}
"""Portrait → label, the least probability of it, and the face's box: left, top, width, height in px."""


@pytest.mark.parametrize("bundle", shipped())
def test_it_labels_faces_as_they_look_away_from_the_checkout(installed, tmp_path, portrait_files, bundle):
    for picture in portrait_files:
        shutil.copy(picture, tmp_path)
    command = (installed / "mien", "run", "--source", tmp_path, "--sink", "jsonl", "--bundle", bundle)
    records = [json.loads(line) for line in run(*command, cwd=tmp_path).splitlines()]
    assert [Path(record["source"]).name for record in records] == list(EXPECTED)
    for record, (label, floor, box) in zip(records, EXPECTED.values(), strict=True):
        (face,) = record["faces"]
        assert face["label"] == label
        assert face["probabilities"][label] >= floor
        assert face["presence"] > 0.99
        assert face["box"] == pytest.approx(box, abs=3)
