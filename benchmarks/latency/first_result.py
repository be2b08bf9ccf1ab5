"""How long the app needs from its first import to its first result, in fresh processes."""

import json
import subprocess
import sys
from dataclasses import asdict

from benchmarks.workers.process import with_checkout
from edge.core.address import shown
from edge.core.errors import BackendError, SourceError
from edge.settings import Settings

RUNS = 3
"""Fresh processes that are timed."""
TIMEOUT_S = 60.0
"""Seconds after which a source that gives no frame (a camera that is not there) is given up."""

_CODE = """
import time
started = time.perf_counter()
import json, os, sys
import edge.cli.main
from edge.build import build_pipeline, build_source
from edge.settings import load_settings
settings = load_settings(None, json.loads(sys.stdin.read()))
pipeline = build_pipeline(settings)
source = build_source(settings)
pipeline.process(next(iter(source)))
print(time.perf_counter() - started, flush=True)
os._exit(0)  # no wait for capture threads
"""
"""What ``mien run`` does up to its first prediction. The start of the interpreter, before
the first line, is not in the figure."""


def first_result_seconds(settings: Settings, runs: int = RUNS) -> list[float]:
    """Seconds from the first import to the first result, in ``runs`` fresh processes one after the other.

    Raises:
        SourceError: no frame came in time.
        BackendError: the process failed.
    """
    command = [sys.executable, "-P", "-c", _CODE]
    seconds = []
    for _ in range(runs):
        try:
            child = subprocess.run(
                command,
                input=json.dumps(asdict(settings)),  # not as an argument: a stream may carry a password
                env=with_checkout(),
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SourceError(
                f"{shown(settings.source)} gave no frame within {TIMEOUT_S:g} s: is it there?"
            ) from None
        if child.returncode != 0:
            reason = (child.stderr.strip().splitlines() or ["no message"])[-1]
            raise BackendError(f"a fresh process could not process the first frame: {reason}")
        seconds.append(float(child.stdout.split()[-1]))
    return seconds
