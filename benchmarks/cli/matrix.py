"""The command ``matrix``."""

import argparse
import sys

from benchmarks.cli import flags
from edge.settings import BACKENDS

HELP = "time backends, runtimes, bundles, number formats and threads beside each other, in turn"


def add_flags(sub: argparse.ArgumentParser) -> None:
    text = "Pythons of further environments, e.g. .venv-mediapipe/bin/python"
    sub.add_argument("--python", nargs="+", default=[], metavar="PATH", help=text)
    text = "landmark backends (all)"
    sub.add_argument("--landmarks", nargs="+", default=list(BACKENDS), choices=BACKENDS, help=text)
    text = "bundles (everyday landmarks)"
    sub.add_argument("--bundle", nargs="+", default=["everyday", "landmarks"], metavar="NAME", help=text)
    text = "CPU threads of the face models (1 2)"
    sub.add_argument("--threads", **flags.COUNT, nargs="+", default=[1, 2], help=text)
    sub.add_argument("--rounds", **flags.COUNT, default=20, help="blocks of each configuration (20)")
    sub.add_argument("--frames", **flags.COUNT, default=50, help="measurements in a block (50)")
    flags.add_file_flags(sub)


def run(args: argparse.Namespace) -> int:
    from benchmarks.matrix import matrix

    pythons = [sys.executable, *args.python]
    given = {name: value for name, value in flags.settings_flags(args).items() if value is not None}
    plan = matrix.MatrixPlan(
        pythons, args.landmarks, args.bundle, args.threads, args.rounds, args.frames, given
    )
    flags.check_writable(args.json)
    return flags.show_result(args, matrix.benchmark(plan))
