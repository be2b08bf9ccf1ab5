"""The first step of every command: it prepares the process and imports the rest.

It imports next to nothing itself, since Ctrl-C ends in a traceback before ``start`` runs.
"""

import os
import sys
from collections.abc import Callable


def start(command: str) -> int:
    """Import a module and run its ``main``, which takes ``sys.argv``.

    Args:
        command: dotted name of the module.

    Returns:
        The exit code, see ``edge.cli.console.run``.
    """
    try:
        open_standard_streams()
        from edge.cli import console

        console.warn_of_other_systems()
        return console.run(lambda: _main_of(command)())
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    finally:
        import signal

        signal.signal(signal.SIGINT, signal.SIG_DFL)  # nothing is left to do: Ctrl-C ends it quietly


def _main_of(command: str) -> Callable[[], int]:
    from importlib import import_module

    from edge.cli.console import ended_by_ctrl_c

    with ended_by_ctrl_c():
        main: Callable[[], int] = import_module(command).main
    return main


def open_standard_streams() -> None:
    """Open those of the descriptors 0, 1 and 2 that are closed as ``/dev/null``.

    Otherwise the next file that is opened gets the number, and output for the terminal goes into that file.
    """
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number
            os.set_inheritable(descriptor, True)
            mode = "w" if descriptor else "r"
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))
