"""The command ``compare``."""

import argparse
from pathlib import Path

from benchmarks.cli import flags

HELP = "compare two runs of accuracy on the same pictures, picture by picture"


def add_flags(sub: argparse.ArgumentParser) -> None:
    for name in ("A", "B"):
        sub.add_argument(name, type=Path, metavar=f"{name}.csv", help="what accuracy wrote with --answers")
    flags.add_json_flag(sub)


def run(args: argparse.Namespace) -> int:
    from benchmarks.accuracy import paired

    flags.check_writable(args.json)
    return flags.show_result(args, paired.compare(args.A, args.B))
