"""The command ``matrix``."""

import argparse
import sys
from typing import Any

from benchmarks.cli import flags
from edge.cli import console
from edge.settings import BACKENDS


def add_command(commands: Any) -> None:
    """Add ``matrix`` to argparse's sub-commands."""
    text = "time backends, runtimes, bundles, number formats and threads beside each other, in turn"
    sub = commands.add_parser("matrix", help=text, description=text)
    sub.set_defaults(command=_run)

    def several(name: str, default: list[Any], text: str, **options: Any) -> None:
        sub.add_argument(name, nargs="+", default=default, help=text, **options)

    several(
        "--python", [], "Pythons of further environments, e.g. .venv-mediapipe/bin/python", metavar="PATH"
    )
    several("--landmarks", list(BACKENDS), "landmark backends (all)", choices=BACKENDS)
    several("--bundle", ["everyday", "landmarks"], "bundles (everyday landmarks)", metavar="NAME")
    several("--threads", [1, 2], "CPU threads of the face models (1 2)", metavar="N", type=console.positive)
    sub.add_argument(
        "--rounds", type=console.positive, default=20, metavar="N", help="blocks of each configuration (20)"
    )
    sub.add_argument(
        "--frames", type=console.positive, default=50, metavar="N", help="measurements in a block (50)"
    )
    flags.add_file_flags(sub)


def _run(args: argparse.Namespace) -> int:
    from benchmarks.matrix import matrix

    pythons = [sys.executable, *args.python]
    given = {name: value for name, value in flags.settings_flags(args).items() if value is not None}
    plan = matrix.MatrixPlan(
        pythons, args.landmarks, args.bundle, args.threads, args.rounds, args.frames, given
    )
    flags.check_writable(args.json)
    result = matrix.benchmark(plan)
    return flags.show_result(args, result, matrix.table(result))
