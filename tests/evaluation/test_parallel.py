"""Processes that work through pictures, and Ctrl-C, which a terminal sends to all of them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

AT_ITS_START = """
import os, signal, sys
if any("spawn_main" in argument for argument in sys.orig_argv):
    os.kill(os.getpid(), signal.SIGINT)
"""
CODE = """
import math, os, signal
from evaluation.parallel import worker_pool
if __name__ == "__main__":
    with worker_pool(2, math.sqrt, 4) as pool:
        futures = [pool.submit(math.factorial, number) for number in range(8)]
        print([future.result() for future in futures])
    os.kill(os.getpid(), signal.SIGINT)
"""


def test_a_worker_has_no_ctrl_c_from_its_first_moment_on_and_the_main_process_has(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(AT_ITS_START)
    (tmp_path / "program.py").write_text(CODE)
    path = os.pathsep.join(filter(None, [str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH")]))
    result = subprocess.run(
        [sys.executable, "-m", "program"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.stdout == "[1, 1, 2, 6, 24, 120, 720, 5040]\n"
    assert result.returncode == -signal.SIGINT
    assert result.stderr.endswith("KeyboardInterrupt\n")
    assert result.stderr.count("Traceback") == 1
