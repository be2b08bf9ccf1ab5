"""The wheel holds what the device needs, and works away from the checkout."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import edge

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("mien", "edge", "train", "convert", "benchmarks")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The project's wheel, built from a copy: building leaves files beside the sources."""
    copy = tmp_path_factory.mktemp("checkout")
    for package in (*PACKAGES, "tests"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements-edge.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    result = subprocess.run(
        [*command, "--wheel-dir", out, copy], capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_all_modules_and_nothing_else(names):
    modules = {p.relative_to(ROOT).as_posix() for package in PACKAGES for p in (ROOT / package).rglob("*.py")}
    packed = {name for name in names if name.endswith(".py")}
    assert packed == modules
    assert {name.split("/")[0] for name in names} == {*PACKAGES, f"mien-{edge.__version__}.dist-info"}


def test_shipped_bundles_are_in_it(names):
    files = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "edge" / "bundles" / "shipped").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files <= names


def test_what_npm_and_node_are_given_is_in_it(names):
    given = {"package.json", "package-lock.json", "worker.js"}
    assert {f"benchmarks/peers/recognizers/face_api_npm/{name}" for name in given} <= names


def test_metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        info = f"mien-{edge.__version__}.dist-info"
        metadata = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
        scripts = archive.read(f"{info}/entry_points.txt").decode()
    needed = {re.split(r"[^\w-]", line)[0] for line in metadata.get_all("Requires-Dist")}
    assert needed == {"ai-edge-litert", "tflite-runtime", "opencv-python-headless", "numpy", "dacite"}
    assert metadata["License-Expression"] == "Apache-2.0"
    assert "mien = mien.__main__:main" in scripts


def test_it_runs_away_from_the_checkout(wheel, tmp_path):
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    code = """
from pathlib import Path
import edge.cli.main
from edge.bundles.format import MODEL_FILE, read_bundle
models = Path(edge.cli.main.__file__).parents[1] / "bundles" / "shipped"
for path in sorted(models.glob(f"*/{MODEL_FILE}")):
    read_bundle(path.parent)
print(edge.cli.main.__file__)
"""
    result = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stderr == ""
    assert Path(result.stdout.strip()) == site / "edge" / "cli.py"
