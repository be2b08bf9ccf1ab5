"""What every shipped bundle says of two portraits, by the command line: below this floor, something broke."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.bundles.store import shipped
from edge.core.errors import ModelError
from edge.landmarks.assets import ASTRONAUT, HOPPER, MODELS, find, load

ROOT = Path(__file__).resolve().parents[1]
EXPECTED = {
    ASTRONAUT: ("happy", 0.85, (178, 72, 94, 104)),
    HOPPER: ("neutral", 0.33, (171, 131, 185, 202)),
}
"""Portrait → label, the least probability of it, and the face's box: left, top, width, height in px."""


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder with the two portraits, which are in the public domain."""
    folder = tmp_path_factory.mktemp("portraits")
    try:
        for asset in (*MODELS, *EXPECTED):
            load(asset)
    except ModelError as error:
        pytest.skip(f"needs the face models and portraits: {error}")
    for asset in EXPECTED:
        shutil.copy(find(asset), folder)
    return folder


@pytest.mark.parametrize("bundle", shipped())
def test_both_faces_are_found_and_labelled_as_they_look(pictures, bundle):
    command = [sys.executable, *"-m mien run --sink jsonl --bundle".split(), bundle, "--source", pictures]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(record["source"]).name for record in records] == [asset.name for asset in EXPECTED]
    for record, (label, floor, box) in zip(records, EXPECTED.values(), strict=True):
        (face,) = record["faces"]
        assert face["label"] == label
        assert face["probabilities"][label] >= floor
        assert face["presence"] > 0.99
        assert face["box"] == pytest.approx(box, abs=3)
