"""The command ``all``."""

import argparse
from pathlib import Path

from edge.core.errors import DataError

HELP = "run latency, matrix, accuracy and robustness, and make the report"


def add_flags(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for the files; is made")
    text = "less of everything: within five minutes on two cores"
    sub.add_argument("--quick", action="store_true", help=text)
    text = "fer2013.csv, or a folder of class folders; without it, neither accuracy nor robustness"
    sub.add_argument("--data", type=Path, metavar="PATH", help=text)
    text = "only this part of the data; default: PublicTest of a .csv, else all"
    sub.add_argument("--split", metavar="NAME", help=text)


def run(args: argparse.Namespace) -> int:
    from benchmarks import all as everything

    split = args.split
    if args.data is not None:
        if not args.data.exists():
            raise DataError(f"no data at {args.data}: expected fer2013.csv, or a folder of class folders")
        if split is None and args.data.suffix == ".csv":
            split = "PublicTest"
    sizes = everything.QUICK if args.quick else everything.FULL
    return everything.run(sizes, args.out, args.data, split)
