"""All benchmarks one after the other, and the report of their results.

Each runs in a process of its own: what one imports does not count as memory of the next, and one that fails
or crashes takes nothing with it.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cli.flags import is_result
from benchmarks.machine.environment import usable_cores
from benchmarks.report import report, result_files
from benchmarks.robustness import contact_sheet
from benchmarks.robustness.robustness import NAMES
from benchmarks.workers.process import run_module, with_checkout
from edge.core.errors import DataError
from edge.core.files import check_folder, check_replaceable
from edge.core.runtime import package_version

BUNDLES = ("everyday", "landmarks")

_SHEETS = "sheets"
_GRACE_S = 10.0
"""Seconds that a benchmark has to end after Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    frames: int
    sustained_s: int
    """Shortest duration of the latency benchmark, in seconds; 0: as long as the frames take."""
    rounds: int
    block: int
    pictures: int
    """Pictures of the robustness benchmark; each takes more than a second of one core."""
    settle_s: float
    """Longest wait before a timed benchmark, in seconds, for the load of the one before to go."""
    limit_s: float
    """Seconds after which the benchmark that runs is ended and the others are not begun."""


FULL = Sizes(frames=1000, sustained_s=600, rounds=20, block=50, pictures=300, settle_s=120, limit_s=86_400)
"""Sizes for figures that can be published."""
QUICK = Sizes(frames=500, sustained_s=0, rounds=10, block=20, pictures=20, settle_s=0, limit_s=270)
"""Sizes for five minutes on two cores, with 30 s for the report."""


BenchmarkRuns = dict[str, tuple[str, ...]]
"""Name of a run → command and flags of ``mien benchmark``, without ``--json``."""


def plan_runs(
    sizes: Sizes, data: Path | None, split: str | None, folder: Path
) -> tuple[BenchmarkRuns, list[str]]:
    """The runs, and a sentence with the reason for each benchmark that is excluded.

    Args:
        sizes: how much is measured.
        data: labelled pictures; None: neither accuracy nor robustness, but the sheets of the corruptions.
        split: split of the data that is scored; None: all of it.
        folder: folder for the sheets.
    """
    sustained = ("--sustained", str(sizes.sustained_s)) if sizes.sustained_s else ()
    flags = ("--frames", str(sizes.frames), *sustained)
    found = {f"latency-{bundle}": ("latency", *flags, "--bundle", bundle) for bundle in BUNDLES}
    backends = ["litert"] + ["mediapipe"] * (package_version("mediapipe") is not None)
    blocks = ("--rounds", str(sizes.rounds), "--frames", str(sizes.block))
    found["matrix"] = ("matrix", "--landmarks", *backends, "--bundle", *BUNDLES, *blocks)
    if data is None:
        found[_SHEETS] = ("robustness", "--sheet", str(folder / _SHEETS))
        return found, ["accuracy and robustness: no labelled pictures were named with --data"]
    pictures = ("--data", str(data), *(("--split", split) if split else ()))
    for bundle in BUNDLES:
        found[f"accuracy-{bundle}"] = ("accuracy", *pictures, "--bundle", bundle)
    number = ("--pictures", str(sizes.pictures))
    for bundle in BUNDLES:
        found[f"robustness-{bundle}"] = ("robustness", *pictures, *number, "--bundle", bundle)
    return found, []


def measure(wanted: BenchmarkRuns, folder: Path, sizes: Sizes) -> tuple[list[Path], list[str]]:
    """Run the benchmarks; each writes ``NAME.json`` into ``folder`` as soon as it has ended.

    Returns:
        The JSON results, and a sentence for each run that gave none.

    Raises:
        OSError: the folder cannot be made.
        KeyboardInterrupt: after the benchmark that ran has ended; what is finished stays.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results, failures, ends = [], [], time.monotonic() + sizes.limit_s
    for number, (name, flags) in enumerate(wanted.items(), start=1):
        print(f"\n== {number} of {len(wanted)}: {name}", flush=True)
        file = folder / f"{name}.json"
        file.unlink(missing_ok=True)  # of an earlier run: not to be taken for this one's
        if flags[0] in result_files.TIMED:
            _settle(sizes.settle_s)
        output = () if name == _SHEETS else ("--json", str(file))
        reason = run_command((*flags, *output), ends - time.monotonic())
        if reason is not None:
            failures.append(f"{name}: {reason}")
        elif output:
            results.append(file)
    return results, failures


def run(sizes: Sizes, folder: Path, data: Path | None, split: str | None) -> int:
    """Run all benchmarks, and write the report of the results.

    Returns:
        1 if a benchmark failed, else 0.

    Raises:
        DataError: a file that this program did not write would be replaced.
        OSError: the folder cannot be written.
    """
    wanted, excluded = plan_runs(sizes, data, split, folder)
    _check_output(wanted, folder)
    results = []
    files, failures = measure(wanted, folder, sizes)
    for file in files:
        try:
            results += result_files.read([file])
        except DataError as error:
            failures.append(str(error))
    written = report.write(results, folder, missing=[*failures, *excluded])
    print(f"\n{', '.join(map(str, written))}")
    return 1 if failures else 0


def _check_output(wanted: BenchmarkRuns, folder: Path) -> None:
    """Refuse to replace files of others, before hours of work."""
    check_folder(folder)
    for name in wanted:
        check_replaceable(folder / f"{name}.json", is_result)
    if _SHEETS in wanted:
        contact_sheet.check_sheets(folder / _SHEETS, NAMES)
    report.check_output(folder)


def run_command(flags: Sequence[str], seconds: float) -> str | None:
    """Run ``mien benchmark`` in this environment; gives the reason if it failed, else None."""
    if seconds <= 0:
        return "not begun: the time limit was reached"
    command = [sys.executable, *run_module("benchmarks"), *flags]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=with_checkout()) as child:
        try:
            _, errors = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGINT)  # it ends its own processes and leaves no half file
            _wait(child)
            return "ended: the time limit was reached"
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
    """Wait until the load of the run before is gone, which would make the next timings unreliable."""
    ends = time.monotonic() + seconds
    while os.getloadavg()[0] > usable_cores() / 2 and time.monotonic() < ends:
        time.sleep(1)
