"""The command ``report``."""

import argparse
import sys
from pathlib import Path

from edge.cli.console import say

HELP = "make a page and a Markdown file of results, and name what got worse"


def add_flags(sub: argparse.ArgumentParser) -> None:
    text = "what the other commands wrote with --json, in any mixture"
    sub.add_argument("results", nargs="+", type=Path, metavar="RESULT.json", help=text)
    sub.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for the files; is made")
    text = "older results; exit code 1 if one of the same configuration was better, beyond noise"
    sub.add_argument("--against", nargs="+", type=Path, default=[], metavar="OLD.json", help=text)


def run(args: argparse.Namespace) -> int:
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
