"""The command ``mien benchmark``: its sub-commands, each in a module of this folder.

Such a module has ``HELP``, a line of text; ``add_flags``, which adds its flags to a parser; and ``run``,
which does what they say and gives the exit code.
"""

import argparse
import logging
import shlex
import sys
from collections.abc import Sequence

from benchmarks.cli import (
    accuracy,
    all,
    compare,
    latency,
    matrix,
    peers,
    reasons,
    report,
    robustness,
    steadiness,
    stream,
)
from edge.cli import console
from edge.core.address import shown_argument

# Their functions import what they need: other modules would count as peak memory of a benchmark.
_COMMANDS = (latency, accuracy, steadiness, robustness, reasons, matrix, peers, stream, compare, report, all)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the flags and do what they say.

    Returns:
        0 in order, 1 for an error, 2 for a wrong flag (argparse), 78 for wrong settings, bundle or
        face models, 130 for Ctrl-C.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    args = _parser().parse_args(argv)
    logging.basicConfig(handlers=[console.log_handler()], level=logging.WARNING)
    args.command_line = shlex.join(["mien", "benchmark", *map(shown_argument, argv)])
    return console.run(lambda: int(args.run(args)))


def _parser() -> argparse.ArgumentParser:
    parser = console.Parser(prog="mien benchmark", description="Time and score the pipeline.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        name = command.__name__.rpartition(".")[2]
        sub = commands.add_parser(name, help=command.HELP, description=command.HELP)
        sub.set_defaults(run=command.run, parser=sub)
        command.add_flags(sub)
    return parser
