"""The command ``reasons``."""

import argparse

from benchmarks.cli import flags

HELP = "see what the thresholds of turned, small, dark and blurred do, on pictures damaged in steps"


def add_flags(sub: argparse.ArgumentParser) -> None:
    flags.add_data_flags(sub, required=True)
    flags.add_pictures_flags(sub)
    flags.add_common_flags(sub)


def run(args: argparse.Namespace) -> int:
    from benchmarks.reasons import reasons

    settings = flags.load_checked(args)
    return flags.show_result(args, reasons.benchmark(flags.picture_selection(args), settings))
