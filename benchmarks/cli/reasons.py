"""The command ``reasons``."""

import argparse
from typing import Any

from benchmarks.cli import flags
from edge.settings import load_settings


def add_command(commands: Any) -> None:
    """Add ``reasons`` to argparse's sub-commands."""
    text = "see what the thresholds of turned, small, dark and blurred do, on pictures damaged in steps"
    sub = commands.add_parser("reasons", help=text, description=text)
    sub.set_defaults(command=_run)
    flags.add_data_flags(sub, required=True)
    flags.add_pictures_flags(sub)
    flags.add_common_flags(sub)


def _run(args: argparse.Namespace) -> int:
    from benchmarks.reasons import reasons, table

    settings = load_settings(args.config, flags.settings_flags(args))
    flags.check_writable(args.json)
    pictures = flags.picture_selection(args)
    result = reasons.benchmark(pictures, settings, args.seed, args.workers)
    return flags.show_result(args, result, table.table(result))
