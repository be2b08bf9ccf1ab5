"""The commands that measure nothing themselves: ``compare``, ``report`` and ``all``."""

import argparse
import sys
from pathlib import Path
from typing import Any

from benchmarks.cli import flags
from edge.cli.console import say
from edge.core.errors import DataError


def add_commands(commands: Any) -> None:
    """``compare``, ``report`` and ``all``, to argparse's sub-commands."""
    text = "compare two runs of accuracy on the same pictures, picture by picture"
    sub = commands.add_parser("compare", help=text, description=text)
    sub.set_defaults(command=_compare)
    for name in ("A", "B"):
        sub.add_argument(name, type=Path, metavar=f"{name}.csv", help="what accuracy wrote with --answers")
    sub.add_argument("--json", type=Path, metavar="OUT", help="file for the result")

    text = "make a page and a Markdown file of results, and name what got worse"
    sub = commands.add_parser("report", help=text, description=text)
    sub.set_defaults(command=_report)
    text = "what the other commands wrote with --json, in any mixture"
    sub.add_argument("results", nargs="+", type=Path, metavar="RESULT.json", help=text)
    _add_out(sub)
    text = "older results; exit code 1 if one of the same configuration was better, beyond noise"
    sub.add_argument("--against", nargs="+", type=Path, default=[], metavar="OLD.json", help=text)

    text = "run latency, matrix, accuracy and robustness, and make the report"
    sub = commands.add_parser("all", help=text, description=text)
    sub.set_defaults(command=_all)
    _add_out(sub)
    text = "less of everything: within five minutes on two cores"
    sub.add_argument("--quick", action="store_true", help=text)
    text = "fer2013.csv, or a folder of class folders; without it, neither accuracy nor robustness"
    sub.add_argument("--data", type=Path, metavar="PATH", help=text)
    text = "only this part of the data; default: PublicTest of a .csv, else all"
    sub.add_argument("--split", metavar="NAME", help=text)


def _add_out(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for the files; is made")


# As in ``cli``, each command imports what it needs.


def _compare(args: argparse.Namespace) -> int:
    from benchmarks.accuracy import paired

    flags.check_writable(args.json)
    result = paired.compare(args.A, args.B)
    return flags.show_result(args, result, paired.table(result))


def _report(args: argparse.Namespace) -> int:
    from benchmarks.report import regressions, report, result_files

    results = result_files.read(args.results)
    comparison = regressions.compare(results, result_files.read(args.against)) if args.against else None
    written = report.write(results, args.out, comparison)
    print(", ".join(map(str, written)))
    if comparison is None:
        return 0
    for note in comparison.notes:
        say(f"note: {note}", sys.stderr)
    for row in comparison.regressions:
        say(f"regression: {row.sentence()}", sys.stderr)
    print(f"{len(comparison.rows)} figures compared, {len(comparison.regressions)} regressions")
    return 1 if comparison.regressions else 0


def _all(args: argparse.Namespace) -> int:
    from benchmarks import all as everything

    split = args.split
    if args.data is not None:
        if not args.data.exists():
            raise DataError(f"no data at {args.data}: expected fer2013.csv, or a folder of class folders")
        if split is None and args.data.suffix == ".csv":
            split = "PublicTest"
    sizes = everything.QUICK if args.quick else everything.FULL
    return everything.run(sizes, args.out, args.data, split)
