"""Data sets that were found to fail, where they are at hand: all that is in them is read or named."""

import re
from pathlib import Path

import pytest

from edge.core.errors import DataError
from evaluation import fingerprint
from tests.evaluation.data_sets import read

CASES = Path(__file__).resolve().parents[2].parent / "shared" / "cases"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason=f"needs the inputs in {CASES}, which are not part of the project"
)


@pytest.mark.parametrize("name", ["extra", "trailcomma", "semicolon", "floats", "names", "nousage"])
def test_csv_files(name):
    samples, bad = read(CASES / "csv" / f"{name}.csv")
    assert len(samples) == fingerprint(CASES / "csv" / f"{name}.csv").rows
    assert {sample.label for sample in samples} >= {"angry", "neutral"}
    assert len(bad) == (name == "nousage")


def test_folders_within_the_classes():
    samples, bad = read(CASES / "nested" / "nested2")
    assert (len(samples), bad) == (24, [])
    with pytest.raises(DataError, match=r"there are some in .*images/train: name .*/archive/images$"):
        read(CASES / "nested" / "nested3")


@pytest.mark.parametrize("name", ["silent-formats/dataset-mixed", "jpeg-no-eoi/dataset"])
def test_every_file_is_read_or_counted(name):
    samples, bad = read(CASES / name)
    counted = [
        int(found[1]) if (found := re.search(r"excluded (\d+) files? of no format", m)) else 1 for m in bad
    ]
    assert len(samples) + sum(counted) == sum(path.is_file() for path in (CASES / name).rglob("*"))
