"""The command ``stream``."""

import argparse

from benchmarks.cli import flags

HELP = "what the socket and its readers cost a running service, in blocks that take turns; needs two cores"


def add_flags(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--rounds", default=30, **flags.COUNT, help="blocks of each mode (30)")
    sub.add_argument("--seconds", default=2, **flags.COUNT, help="duration of a block (2)")
    sub.add_argument("--readers", default=20, **flags.COUNT, help="readers that read (20, at most 63)")
    flags.add_common_flags(sub)


def run(args: argparse.Namespace) -> int:
    from benchmarks.stream import stream

    settings = flags.load_checked(args)
    return flags.show_result(args, stream.benchmark(settings, args.rounds, args.seconds, args.readers))
