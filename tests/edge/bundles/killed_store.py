"""Kill a process at each step that it takes on the disk: ``killed_store.py STORE OPERATION ARGUMENT…``.

For N = 1, 2, 3 … a copy of the folder STORE is made, and a child process does the operation there until its
Nth step: it is killed right before that. Then the store must be whole, and the operation done once more must
work and leave no litter. Ends when a child came through. Prints the number of steps.
"""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from edge.bundles import self_test
from edge.bundles.store import BundleStore

STEPS = ("open", "os.", "shutil.", "tempfile.", "fcntl.")
"""Audit events before which a process is killed."""


def operate(folder, operation, arguments):
    getattr(BundleStore(folder), operation)(*arguments)


def kill_at(number):
    left = number

    def count(event, _arguments):
        nonlocal left
        if event.startswith(STEPS):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def came_through(number, folder, operation, arguments):
    child = os.fork()
    if child == 0:
        kill_at(number)
        operate(folder, operation, arguments)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), f"step {number}: status {status}"
    return status == 0


def check(number, folder, before, after):
    """After the kill: every bundle is whole, and the state is the old one or the new one."""
    store = BundleStore(folder)
    for name in store.names():
        store.read(name)
    assert store.state in (before, after), f"step {number}: {store.state}"
    assert store.start().name in (before.current, after.current)


def outcome(folder, operation, arguments):
    operate(folder, operation, arguments)
    files = {
        str(path.relative_to(folder)): path.is_file() and path.read_bytes() for path in folder.rglob("*")
    }
    return BundleStore(folder).state, files


def main():
    original, operation, arguments = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    self_test.check_in_subprocess = lambda folder: None  # a process of its own, which has tests of its own
    with tempfile.TemporaryDirectory() as room:
        before = BundleStore(original).state
        after, expected = outcome(shutil.copytree(original, Path(room) / "whole"), operation, arguments)
        number = 1
        while True:
            folder = Path(shutil.copytree(original, Path(room) / str(number)))
            if came_through(number, folder, operation, arguments):
                break
            again = Path(shutil.copytree(folder, Path(room) / f"{number}-again"))
            check(number, folder, before, after)
            assert outcome(again, operation, arguments) == (after, expected), f"step {number}: again"
            number += 1
    print(number - 1)


if __name__ == "__main__":
    main()
