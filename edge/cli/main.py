"""The parser of the command ``mien`` and the dispatch to its commands, one module each."""

import logging
from collections.abc import Sequence

from edge import __version__
from edge.cli import check, console, info, models, run, setup


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the flags and run the command that they name.

    Args:
        argv: the arguments; None: those of the process.

    Returns:
        0 in order, 1 for an error, 2 for a wrong flag (argparse), 78 for wrong settings, bundle or
        face models.
    """
    args = _parser().parse_args(argv)
    logging.basicConfig(handlers=[console.log_handler()], level=logging.INFO)
    return console.run(lambda: int(args.command(args)))


def _parser() -> console.Parser:
    parser = console.Parser(
        prog="mien",
        description="Expressions of the faces in view.",
        epilog="More commands, each with a --help of its own: mien annotate and mien timeline; "
        "on a desktop mien train, mien convert and mien benchmark.",
    )
    parser.add_argument("--version", action="version", version=f"mien {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (run, check, info, models, setup):
        command.add_parser(commands)
    return parser
