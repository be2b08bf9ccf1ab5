"""What the tests of train share: synthetic rows, and real ones of FER2013 where they are at hand."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXPORT = ROOT.parent / "shared" / "data" / "export.py"


@pytest.fixture(scope="session")
def fer_csv(tmp_path_factory) -> Path:
    """fer2013.csv with 150 rows of each split, and fer2013new.csv beside it."""
    if not EXPORT.is_file():
        pytest.skip(f"needs the pictures that {EXPORT} writes, which are not part of the project")
    folder = tmp_path_factory.mktemp("fer")
    subprocess.run([sys.executable, EXPORT, "csv", folder, "--limit", "150"], check=True)
    return folder / "fer2013.csv"


@pytest.fixture(scope="session")
def fer_extract(fer_csv, tmp_path_factory):
    """What ``mien train extract`` printed for ``fer_csv``, and ``landmarks``, the folder it wrote."""
    out = tmp_path_factory.mktemp("extract") / "landmarks"
    command = [sys.executable, "-m", "train", "extract", str(fer_csv), "--out", str(out)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode == 78:
        pytest.skip(f"needs the face models: {result.stderr}")
    assert result.returncode == 0, result.stderr
    return out, result.stdout


@pytest.fixture(scope="session")
def fer_landmarks(fer_extract) -> Path:
    """The landmarks folder of ``fer_csv``, without augmented views."""
    return fer_extract[0]


@pytest.fixture(scope="session")
def small(toy_landmarks, write_landmarks, tmp_path_factory):
    """``toy_landmarks`` without maps and views: a training on it takes a second or two."""
    from train.dataset import landmarks_folder

    folder = landmarks_folder.load(toy_landmarks)
    return write_landmarks(tmp_path_factory.mktemp("small") / "landmarks", folder.rows, [folder.faces()])


@pytest.fixture
def altered(small, write_landmarks, tmp_path):
    """``(**changes)``: a landmarks folder like ``small`` with other rows."""
    from train.dataset import landmarks_folder

    def alter(**changes):
        folder = landmarks_folder.load(small)
        rows = dataclasses.replace(folder.rows, **changes)
        return write_landmarks(tmp_path / "altered", rows, [folder.faces()])

    return alter


@pytest.fixture(scope="session")
def run_files() -> set[str]:
    """Names of the files in a whole run folder with its report."""
    return {
        "coverage-1-validation.png",
        "coverage-2-PublicTest.png",
        "curves-accuracy.png",
        "curves-loss.png",
        "fit.npz",
        "history.csv",
        "model.keras",
        "predictions.npz",
        "reliability-1-validation.png",
        "reliability-2-PublicTest.png",
        "report.html",
        "report.json",
        "report.md",
        "run.json",
        "weights.npz",
    }
