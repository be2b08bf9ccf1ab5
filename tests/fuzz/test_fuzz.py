"""The fuzzer of ``tests/fuzz`` itself: a few inputs for each parser, and what it must notice."""

import random
from pathlib import Path

import pytest

from edge.core.errors import DataError
from tests.fuzz.__main__ import Tally, died, fuzz
from tests.fuzz.mutate import damage
from tests.fuzz.targets import Target, all_targets
from tests.fuzz.worker import attempt, make

INPUTS = 25
SLOW = ("run-report", "run-folder", "teacher", "video", "model")
"""Parsers that need seconds before the first input, and those whose native code may crash this process."""

TARGETS = all_targets()


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in SLOW])
def test_damaged_inputs_are_read_or_refused(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    if missing := target.missing():
        pytest.skip(f"needs {', '.join(missing)}")
    seeds = target.seeds()
    for files in seeds:
        assert attempt(target, files, tmp_path / "input").verdict == "accepted"
    outcomes = [attempt(target, make(target, seeds, name, 1, i), tmp_path / "input") for i in range(INPUTS)]
    assert [outcome.reason for outcome in outcomes if outcome.verdict == "failed"] == []


@pytest.mark.parametrize("name", ["video", "model"])
def test_native_parsers_in_a_process_of_their_own(name: str) -> None:
    tally = fuzz(name, TARGETS[name], 1, 0, INPUTS)
    assert (tally.inputs, tally.failures) == (INPUTS, {})


def test_inputs_can_be_made_again() -> None:
    target = TARGETS["settings"]
    first, again = ([make(target, target.seeds(), "settings", 3, i) for i in range(50)] for _ in range(2))
    assert first == again
    assert len({files["mien.toml"] for files in first}) > 40


@pytest.mark.parametrize("name", ["a.json", "a.npz", "a.npy", "a.toml", "a.tflite"])
def test_nothing_is_too_damaged_to_be_damaged_further(name: str) -> None:
    rng, data = random.Random(0), b""
    for _ in range(300):
        data = damage(rng, name, data)


def _parse(folder: Path) -> None:
    content = (folder / "a.txt").read_bytes()
    if content == b"refused":
        raise DataError("no data")
    assert content != b"failed"


@pytest.mark.parametrize("content", ["accepted", "refused", "failed"])
def test_verdicts(content: str, tmp_path: Path) -> None:
    target = Target(list, _parse)
    outcome = attempt(target, {"a.txt": content.encode()}, tmp_path / "input")
    assert outcome.verdict == content
    assert ("AssertionError" in outcome.reason) == (content == "failed")
    assert not (tmp_path / "input").exists()


def test_what_a_process_died_of() -> None:
    for target, crashed in ((Target(list, _parse), 0), (Target(list, _parse, contained=True), 1)):
        tally = Tally()
        died(tally, target, 3, -11, "Fatal Python error: Segmentation fault")
        died(tally, target, 5, 1, "Timeout (0:00:10)!")
        assert (tally.inputs, tally.crashed) == (2, crashed)
        assert ("more than 10 s" in tally.failures[5], 3 in tally.failures) == (True, not crashed)
