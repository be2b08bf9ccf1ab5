"""What the tests of train share: real rows of FER2013 where they are at hand."""

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
