"""Data sets that were found to fail, where they are at hand: all that is in them is read or named."""

import re
from pathlib import Path

import pytest

from tests.evaluation.data_sets import read

CASES = Path(__file__).resolve().parents[3].parent / "shared" / "cases"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason=f"needs the inputs in {CASES}, which are not part of the project"
)


@pytest.mark.parametrize("name", ["silent-formats/dataset-mixed", "jpeg-no-eoi/dataset"])
def test_every_file_is_read_or_counted(name):
    samples, bad = read(CASES / name)
    counted = [
        int(found[1]) if (found := re.search(r"excluded (\d+) files? of no format", m)) else 1 for m in bad
    ]
    assert len(samples) + sum(counted) == sum(path.is_file() for path in (CASES / name).rglob("*"))
