"""All measurements one after the other, each in a process of its own, and the report of them.

A process of its own: what one part imports does not count as memory of the next, and a part that fails or
crashes takes nothing with it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks import report
from benchmarks.cli.flags import is_result
from benchmarks.machine.environment import usable_cores
from benchmarks.report import result_files
from benchmarks.robustness import contact_sheet
from benchmarks.robustness.robustness import NAMES
from edge.core.errors import DataError
from edge.core.files import check_replaceable
from edge.core.runtime import package_version

BUNDLES = ("everyday", "landmarks")

_SHEETS = "sheets"
_LIMIT_S = 24 * 3600.0
_QUICK_LIMIT_S = 270.0
"""Of all parts together; the report needs the rest of five minutes."""
_GRACE_S = 10.0
"""To end after Ctrl-C."""
_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    frames: int
    sustained_s: int
    """0: as long as the frames take."""
    rounds: int
    block: int
    pictures: int
    """Of the robustness; each takes more than a second of one core."""
    settle_s: float
    """The longest wait before a timed part, for the load of the one before to go."""
    limit_s: float
    """After this, the part that runs is ended and the others are not begun."""


FULL = Sizes(frames=1000, sustained_s=600, rounds=20, block=50, pictures=300, settle_s=120, limit_s=_LIMIT_S)
"""What can be published."""
QUICK = Sizes(frames=500, sustained_s=0, rounds=10, block=20, pictures=20, settle_s=0, limit_s=_QUICK_LIMIT_S)
"""Within five minutes on two cores."""


class BenchmarkRun(NamedTuple):
    """One measurement."""

    name: str
    flags: tuple[str, ...]
    """Command and flags of ``mien benchmark``, without ``--json``."""
    gives_json: bool = True


class RunResults(NamedTuple):
    """What came of the parts."""

    files: list[Path]
    failures: list[str]
    """A sentence for each part that gave no result."""


def parts(
    sizes: Sizes, data: Path | None, split: str | None, folder: Path
) -> tuple[list[BenchmarkRun], list[str]]:
    """What is to be measured, and what is excluded, with the reasons.

    Args:
        sizes: how much.
        data: labelled pictures; None: neither accuracy nor robustness, but the sheets of the corruptions.
        split: only this part of them.
        folder: for the sheets.
    """
    sustained = ("--sustained", str(sizes.sustained_s)) if sizes.sustained_s else ()
    flags = ("--frames", str(sizes.frames), *sustained)
    found = [BenchmarkRun(f"latency-{bundle}", ("latency", *flags, "--bundle", bundle)) for bundle in BUNDLES]
    backends = ["litert"] + ["mediapipe"] * (package_version("mediapipe") is not None)
    blocks = ("--rounds", str(sizes.rounds), "--frames", str(sizes.block))
    found.append(BenchmarkRun("matrix", ("matrix", "--landmarks", *backends, "--bundle", *BUNDLES, *blocks)))
    if data is None:
        found.append(
            BenchmarkRun("sheets", ("robustness", "--sheet", str(folder / _SHEETS)), gives_json=False)
        )
        return found, ["accuracy and robustness: no labelled pictures were named with --data"]
    pictures = ("--data", str(data), *(("--split", split) if split else ()))
    for bundle in BUNDLES:
        found.append(BenchmarkRun(f"accuracy-{bundle}", ("accuracy", *pictures, "--bundle", bundle)))
    for bundle in BUNDLES:
        number = ("--pictures", str(sizes.pictures))
        found.append(
            BenchmarkRun(f"robustness-{bundle}", ("robustness", *pictures, *number, "--bundle", bundle))
        )
    return found, []


def measure(wanted: Sequence[BenchmarkRun], folder: Path, sizes: Sizes) -> RunResults:
    """Run the parts; each writes ``NAME.json`` into ``folder`` as soon as it has ended.

    Raises:
        OSError: the folder cannot be made.
        KeyboardInterrupt: after the part that ran has ended; what is finished stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    outcome, ends = RunResults([], []), time.monotonic() + sizes.limit_s
    for number, part in enumerate(wanted, start=1):
        print(f"\n== {number} of {len(wanted)}: {part.name}", flush=True)
        file = folder / f"{part.name}.json"
        file.unlink(missing_ok=True)  # of an earlier run: not to be taken for this one's
        if part.flags[0] in result_files.TIMED:
            _settle(sizes.settle_s)
        flags = (*part.flags, "--json", str(file)) if part.gives_json else part.flags
        reason = _run(flags, ends - time.monotonic())
        if reason is not None:
            outcome.failures.append(f"{part.name}: {reason}")
        elif part.gives_json:
            outcome.files.append(file)
    return outcome


def run(sizes: Sizes, folder: Path, data: Path | None, split: str | None) -> int:
    """Measure, and write the report of what there is.

    Returns:
        1 if a part failed, else 0.

    Raises:
        DataError: files of others would be replaced.
        OSError: the folder cannot be written.
    """
    wanted, excluded = parts(sizes, data, split, folder)
    _check_output(wanted, folder)
    outcome = measure(wanted, folder, sizes)
    results, failures = [], list(outcome.failures)
    for file in outcome.files:
        try:
            results += result_files.read([file])
        except DataError as error:
            failures.append(str(error))
    report.write(results, folder, missing=[*failures, *excluded])
    print(f"\n{folder / 'report.html'}, {folder / 'report.md'}")
    return 1 if failures else 0


def _check_output(wanted: Sequence[BenchmarkRun], folder: Path) -> None:
    """Before hours of work."""
    for part in wanted:
        if part.gives_json:
            check_replaceable(folder / f"{part.name}.json", is_result)
        else:
            contact_sheet.check_sheets(folder / _SHEETS, NAMES)
    report.check_output(folder)


def _run(flags: Sequence[str], seconds: float) -> str | None:
    """Run ``mien benchmark`` in this environment; why it failed, or None."""
    if seconds <= 0:
        return "not begun, the time was over"
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-P", "-m", "benchmarks", *flags]
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as child:
        try:
            _, errors = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGINT)  # it ends its own processes and leaves no half file
            _wait(child)
            return "ended, the time was over"
        except KeyboardInterrupt:  # which has reached the child too
            _wait(child)
            raise
    sys.stderr.write(errors)
    if child.returncode == 0:
        return None
    lines = errors.strip().splitlines()
    named = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return (named or lines or [f"it ended with {child.returncode}"])[-1]


def _wait(child: subprocess.Popen[str]) -> None:
    try:
        child.communicate(timeout=_GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()


def _settle(seconds: float) -> None:
    """Wait until the load of the part before is gone, so that the next one is not warned about it."""
    ends = time.monotonic() + seconds
    while os.getloadavg()[0] > usable_cores() / 2 and time.monotonic() < ends:
        time.sleep(1)
