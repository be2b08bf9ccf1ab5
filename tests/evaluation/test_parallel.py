"""Processes that work through pictures, and Ctrl-C, which a terminal sends to all of them."""

import math
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.core.errors import BackendError
from evaluation.parallel import open_processes

ROOT = Path(__file__).resolve().parents[2]

AT_ITS_START = """
import os, signal, sys
if any("spawn_main" in argument for argument in sys.orig_argv):
    os.kill(os.getpid(), signal.SIGINT)
"""
CODE = """
import math, os, signal
from evaluation.parallel import open_processes
if __name__ == "__main__":
    with open_processes(2, math.sqrt, 4) as parallel:
        print([*parallel.map(math.factorial, ((number,) for number in range(8)))])
    os.kill(os.getpid(), signal.SIGINT)
"""


def no_set_up() -> None:
    pass


def numbered_tasks(read: list[int]) -> Iterator[tuple[int]]:
    """Eight tasks, each noted when it is read."""
    for number in range(8):
        read.append(number)
        yield (number,)


def double_or_end(number: int) -> int:
    """Twice the number; 5 kills the process."""
    if number == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


@pytest.mark.parametrize(("workers", "ahead"), [(1, 0), (2, 4)])
def test_results_come_in_order_and_tasks_are_not_read_far_ahead(workers, ahead):
    read: list[int] = []
    with open_processes(workers, no_set_up) as parallel:
        for number, result in enumerate(parallel.map(math.factorial, numbered_tasks(read))):
            assert result == math.factorial(number)
            assert len(read) <= number + 1 + ahead
    assert read == [*range(8)]


def test_one_worker_is_this_process():
    with open_processes(1, no_set_up) as parallel:
        assert [*parallel.map(os.getpid, [()])] == [os.getpid()]
    with open_processes(2, no_set_up) as parallel:
        assert os.getpid() not in parallel.map(os.getpid, [(), ()])


def test_a_worker_that_is_killed_is_one_clear_error():
    with (
        pytest.raises(BackendError, match=r"a worker process died .*--workers"),
        open_processes(2, no_set_up) as parallel,
    ):
        list(parallel.map(double_or_end, numbered_tasks([])))


def test_what_a_call_raises_comes_back_and_the_rest_is_not_begun():
    with pytest.raises(ValueError, match="math domain"), open_processes(2, no_set_up) as parallel:
        list(parallel.map(math.sqrt, [(-1,), *[(4,)] * 100]))


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
