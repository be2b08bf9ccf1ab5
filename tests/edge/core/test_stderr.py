"""``edge.core.stderr``."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge.core.stderr import muted_stderr

ROOT = Path(__file__).resolve().parents[3]


def test_muted_stderr_mutes_native_output_and_only_inside(capfd):
    with muted_stderr():
        os.write(2, b"native chatter\n")
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"


def test_muted_stderr_lets_exceptions_out(capfd):
    with pytest.raises(ValueError, match="x"), muted_stderr():
        raise ValueError("x")
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"


def test_threads_that_mute_at_once_leave_stderr_as_it_was():
    before = os.fstat(2)
    threads = [threading.Thread(target=mute_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = os.fstat(2)
    assert (after.st_dev, after.st_ino) == (before.st_dev, before.st_ino)


def mute_often():
    for _ in range(200):
        with muted_stderr():
            pass


def test_a_program_without_stderr_has_nothing_to_mute():
    code = "import sys; from edge.core.stderr import muted_stderr\nwith muted_stderr(): print('done')"
    command = f'"{sys.executable}" -c "{code}" 2>&-'
    result = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "done\n")
