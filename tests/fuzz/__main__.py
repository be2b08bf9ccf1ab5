"""Damaged inputs for every parser: ``python -m tests.fuzz [PARSER…] --count 10000 --out FOLDER``.

No parser may end in anything but a ``MienError`` or an ``OSError`` with one clear line, take more than
``LIMIT_S``, grow the process by more than ``LIMIT_MB``, or crash it. Exit code 1 if one does; the inputs lie
in ``--out`` then, each with what became of it. ``PARSER SEED INDEX`` names an input for good:
``python -m tests.fuzz PARSER --seed SEED --index INDEX`` reads it once more.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.fuzz.targets import Target, all_targets, write
from tests.fuzz.worker import LIMIT_S, attempt, make

ROOT = Path(__file__).resolve().parents[2]

MOST_SAID = 4000
"""Characters of a process's log in a report: its end."""


@dataclass(slots=True)
class Tally:
    """What became of the inputs of a parser."""

    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    crashed: int = 0
    """Of a process, where the program runs it in a child process."""
    slowest_ms: float = 0.0
    grown_mb: float = 0.0
    failures: dict[int, str] = field(default_factory=dict)
    """Input → what went wrong."""

    def add(self, verdict: str, ms: float, grown_mb: float) -> None:
        """Count one input that left its process alive."""
        self.inputs += 1
        self.accepted += verdict == "accepted"
        self.refused += verdict == "refused"
        self.slowest_ms, self.grown_mb = max(self.slowest_ms, ms), max(self.grown_mb, grown_mb)


def fuzz(name: str, target: Target, seed: int, start: int, stop: int) -> Tally:
    """Read the damaged inputs ``start`` to ``stop`` in child processes.

    Raises:
        RuntimeError: not even the valid inputs are read.
    """
    tally, index = Tally(), start
    while index < stop:
        with tempfile.TemporaryFile("w+", errors="replace") as log:
            command = [sys.executable, "-m", "tests.fuzz.worker", name, *map(str, (seed, index, stop))]
            with subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
            ) as worker:
                assert worker.stdout is not None
                begun = None
                for line in worker.stdout:
                    if begun is None:
                        begun = int(line)
                        continue
                    verdict, reason, ms, grown_mb = json.loads(line)
                    tally.add(verdict, ms, grown_mb)
                    if verdict == "failed":
                        tally.failures[begun] = reason
                    index, begun = begun + 1, None
            log.seek(0)
            said = log.read()
        if begun is not None:
            died(tally, target, begun, worker.returncode, said)
            index = begun + 1
        elif worker.returncode:
            raise RuntimeError(f"{name}: {said[-MOST_SAID:]}")
    return tally


def died(tally: Tally, target: Target, index: int, code: int, said: str) -> None:
    """Count an input that its process did not survive."""
    tally.inputs += 1
    end = said[-MOST_SAID:]
    if "Timeout (" in said:  # at the start of a dump, which may be long
        tally.failures[index] = f"took more than {LIMIT_S:g} s\n{end}"
    elif target.contained:
        tally.crashed += 1
    else:
        tally.failures[index] = f"the process ended with {code}\n{end}"


def _parts(count: int, jobs: int) -> list[tuple[int, int]]:
    borders = [count * number // jobs for number in range(jobs + 1)]
    return [(start, stop) for start, stop in pairwise(borders) if start < stop]


def _report(name: str, tallies: list[Tally], seconds: float) -> str:
    failed = sum(len(tally.failures) for tally in tallies)
    total = [sum(getattr(t, key) for t in tallies) for key in ("inputs", "accepted", "refused", "crashed")]
    slowest, grown = max(t.slowest_ms for t in tallies), max(t.grown_mb for t in tallies)
    columns = f"{name:14}" + "".join(f"{number:10d}" for number in total)
    return f"{columns}{seconds:10.0f}{slowest:10.0f}{grown:10.0f}{failed:10d}"


_COLUMNS = "inputs accepted refused crashed* seconds max_ms max_MB failures".split()


def _keep(out: Path, name: str, target: Target, seed: int, failures: dict[int, str]) -> None:
    seeds = target.seeds()
    for index, reason in list(failures.items())[:200]:
        folder = out / f"{name}-{seed}-{index}"
        write(make(target, seeds, name, seed, index), folder)
        (folder / "reason.txt").write_text(reason)


def _one(name: str, target: Target, seed: int, index: int) -> int:
    with tempfile.TemporaryDirectory() as place:
        outcome = attempt(target, make(target, target.seeds(), name, seed, index), Path(place) / "input")
    print(*outcome)
    return int(outcome.verdict == "failed")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("parsers", nargs="*", metavar="PARSER", help="default: all")
    parser.add_argument("--count", type=int, default=10_000, help="inputs of each parser")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path, default=Path("fuzz-failures"), metavar="FOLDER")
    parser.add_argument("--index", type=int, help="only this input, in this process")
    arguments = parser.parse_args()
    targets = all_targets()
    if unknown := set(arguments.parsers) - targets.keys():
        parser.error(f"unknown parser {', '.join(unknown)}; known: {', '.join(targets)}")
    chosen = {}
    for name in arguments.parsers or targets:
        if missing := targets[name].missing():
            print(f"{name:14} skipped: needs {', '.join(missing)}")
        else:
            chosen[name] = targets[name]
    if arguments.index is not None:
        return max(
            (_one(name, each, arguments.seed, arguments.index) for name, each in chosen.items()), default=0
        )
    print(f"{'parser':14}", *(f"{word:>9}" for word in _COLUMNS), flush=True)
    failed = False
    for name, target in chosen.items():
        started = time.monotonic()
        with ThreadPoolExecutor(arguments.jobs) as pool:
            parts = _parts(arguments.count, arguments.jobs)
            tallies = list(pool.map(lambda part: fuzz(name, target, arguments.seed, *part), parts))  # noqa: B023
        print(_report(name, tallies, time.monotonic() - started), flush=True)
        failures = {index: reason for tally in tallies for index, reason in tally.failures.items()}
        for index, reason in list(failures.items())[:5]:
            print(f"  input {index}: {(reason.strip().splitlines() or [''])[-1][:200]}", flush=True)
        _keep(arguments.out, name, target, arguments.seed, failures)
        failed = failed or bool(failures)
    print("* where the program itself reads in a child process, which ends with a clear error then")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
