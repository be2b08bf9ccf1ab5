"""The command ``steadiness``."""

import argparse
from pathlib import Path

from benchmarks.cli import flags

HELP = "see whether labels hold still over clips of a known state, as the app sees them"


def add_flags(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="videos, or folders of videos")
    sub.add_argument("--expected", metavar="LABEL", help="the expression that every clip shows")
    flags.add_common_flags(sub)


def run(args: argparse.Namespace) -> int:
    from benchmarks.steadiness import steadiness

    settings = flags.load_checked(args)
    return flags.show_result(args, steadiness.benchmark(args.clips, settings, args.expected))
