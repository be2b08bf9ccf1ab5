"""``mien run``: read frames and report expressions."""

import argparse
import sys

from edge import service
from edge.cli import console
from edge.cli.flags import add_settings_flags, settings_from


def add_parser(commands: "argparse._SubParsersAction[console.Parser]") -> None:
    """Add the command; it sets ``command``."""
    text = "read frames and report expressions until the source ends or Ctrl-C"
    parser = commands.add_parser("run", help=text, description=text)
    parser.set_defaults(command=_run)
    add_settings_flags(parser)
    parser.add_argument("--frames", type=console.positive, metavar="N", help="stop after N frames")


def _run(args: argparse.Namespace) -> int:
    print(service.run(lambda: settings_from(args), args.frames), file=sys.stderr)
    return 0
