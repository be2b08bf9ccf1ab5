"""One process that reads damaged inputs one after the other, and may die of one.

``python -m tests.fuzz.worker TARGET SEED START STOP`` prints a line before each input and a JSON line
after it, so that whoever reads them knows which one it died of.
"""

import faulthandler
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import NamedTuple

from edge.core.errors import MienError
from tests.fuzz.mutate import Files
from tests.fuzz.targets import Target, all_targets, write

LIMIT_S = 10.0
"""An input that takes longer hangs."""
LIMIT_MB = 500
"""An input that lets the process grow by more takes unbounded memory. The largest picture takes 400."""
_ADDRESS_SPACE = 3 << 30
"""Bytes beyond what the seeds take, after which the machine says no: it is shared."""


class Outcome(NamedTuple):
    """What became of one input."""

    verdict: str
    """accepted, refused or failed"""
    reason: str
    """Of a failure: the traceback."""


def make(target: Target, seeds: list[Files], name: str, seed: int, index: int) -> Files:
    """The damaged input ``index``: the same each time."""
    rng = random.Random(f"{name} {seed} {index}")
    files = target.damage(rng, rng.choice(seeds))
    return target.repair(files) if rng.random() < 0.9 else files


def attempt(target: Target, files: Files, folder: Path) -> Outcome:
    """Read one input in a folder that is made for it."""
    write(files, folder)
    try:
        target.parse(folder)
        return Outcome("accepted", "")
    except (MienError, OSError) as error:
        return Outcome("refused", str(error))
    except BaseException:  # whatever it is, no parser of ours should raise it
        return Outcome("failed", traceback.format_exc())
    finally:
        shutil.rmtree(folder)


def main(name: str, seed: int, start: int, stop: int) -> int:
    # Native code writes to the standard output as well: what we say goes another way.
    says = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    faulthandler.enable()
    target = all_targets()[name]
    with tempfile.TemporaryDirectory(prefix="mien-fuzz-", ignore_cleanup_errors=True) as place:
        folder = Path(place) / "input"
        seeds = target.seeds()
        for number, files in enumerate(seeds):
            outcome = attempt(target, files, folder)
            if outcome.verdict != "accepted":
                print(f"seed {number} of {name} is not accepted: {outcome.reason}", file=sys.stderr)
                return 2
        baseline = _status_mb("VmHWM")
        most = int(_status_mb("VmSize") * 1e6) + _ADDRESS_SPACE
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        for index in range(start, stop):
            files = make(target, seeds, name, seed, index)
            says.write(f"{index}\n")
            faulthandler.dump_traceback_later(LIMIT_S, exit=True)
            started = time.perf_counter()
            outcome = attempt(target, files, folder)
            ms = 1000 * (time.perf_counter() - started)
            faulthandler.cancel_dump_traceback_later()
            grown = _status_mb("VmHWM") - baseline
            if grown > LIMIT_MB:
                outcome = Outcome("failed", f"the process grew by {grown:.0f} MB")
            says.write(json.dumps([*outcome, round(ms, 2), round(grown, 1)]) + "\n")
            if grown > LIMIT_MB:
                break  # the next one starts small again
    return 0


def _status_mb(key: str) -> float:
    """``VmHWM``, the most memory this process ever had, or ``VmSize``, its address space."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1000


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
