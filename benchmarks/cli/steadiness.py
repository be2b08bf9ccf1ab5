"""The command ``steadiness``."""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.cli import flags
from edge.settings import load_settings


def add_command(commands: Any) -> None:
    """Add ``steadiness`` to argparse's sub-commands."""
    text = "see whether labels hold still over clips of a known state, as the app sees them"
    sub = commands.add_parser("steadiness", help=text, description=text)
    sub.set_defaults(command=_run)
    sub.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="videos, or folders of videos")
    sub.add_argument("--expected", metavar="LABEL", help="the expression that every clip shows")
    flags.add_common_flags(sub)


def _run(args: argparse.Namespace) -> int:
    from benchmarks.steadiness import steadiness

    settings = load_settings(args.config, flags.settings_flags(args))
    flags.check_writable(args.json)
    result = steadiness.benchmark(args.clips, settings, args.expected)
    return flags.show_result(args, result, steadiness.table(result))
