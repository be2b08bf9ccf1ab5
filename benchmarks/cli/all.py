"""The command ``all``."""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.cli import flags


def add_command(commands: Any) -> None:
    """Add ``all`` to argparse's sub-commands."""
    text = "run latency, matrix, accuracy and robustness, and make the report"
    sub = commands.add_parser("all", help=text, description=text)
    sub.set_defaults(command=_run)
    sub.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for the files; is made")
    text = "less of everything: within five minutes on two cores"
    sub.add_argument("--quick", action="store_true", help=text)
    text = "fer2013.csv, or a folder of class folders; without it, neither accuracy nor robustness"
    sub.add_argument("--data", type=Path, metavar="PATH", help=text)
    text = "only this part of the data; default: PublicTest of a .csv, else all"
    sub.add_argument("--split", metavar="NAME", help=text)


def _run(args: argparse.Namespace) -> int:
    from benchmarks import all as everything

    split = args.split
    if args.data is not None:
        flags.require_data(args.data)
        if split is None and args.data.suffix == ".csv":
            split = "PublicTest"
    sizes = everything.QUICK if args.quick else everything.FULL
    return everything.run(sizes, args.out, args.data, split)
