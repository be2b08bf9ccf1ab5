"""The command ``compare``."""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.cli import flags


def add_command(commands: Any) -> None:
    """Add ``compare`` to argparse's sub-commands."""
    text = "compare two runs of accuracy on the same pictures, picture by picture"
    sub = commands.add_parser("compare", help=text, description=text)
    sub.set_defaults(command=_run)
    for name in ("A", "B"):
        sub.add_argument(name, type=Path, metavar=f"{name}.csv", help="what accuracy wrote with --answers")
    sub.add_argument("--json", type=Path, metavar="OUT", help="file for the result")


def _run(args: argparse.Namespace) -> int:
    from benchmarks.accuracy import paired

    flags.check_writable(args.json)
    result = paired.compare(args.A, args.B)
    return flags.show_result(args, result, paired.table(result))
