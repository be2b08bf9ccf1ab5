"""What the tests of train share: real rows of FER2013 where they are at hand."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXPORT = ROOT.parent / "shared" / "data" / "export.py"


@pytest.fixture(scope="session")
def fer_csv(tmp_path_factory) -> Path:
    """fer2013.csv with 300 rows of each split, and fer2013new.csv beside it."""
    if not EXPORT.is_file():
        pytest.skip(f"needs the pictures that {EXPORT} writes, which are not part of the project")
    folder = tmp_path_factory.mktemp("fer")
    subprocess.run([sys.executable, EXPORT, "csv", folder, "--limit", "300"], check=True)
    return folder / "fer2013.csv"
