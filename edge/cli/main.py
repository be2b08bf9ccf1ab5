"""The parser of the command ``mien`` and the dispatch to its commands, one module each."""

import logging
import sys
from collections.abc import Sequence
from importlib import import_module

from edge import __version__
from edge.cli import console

_MODULES = {
    **{name: name for name in ("run", "check", "info", "models", "setup", "watch", "pause")},
    "resume": "pause",
}
"""Command → the module in this folder that adds it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the flags and run the command that they name.

    Args:
        argv: the arguments; None: those of the process.

    Returns:
        0 in order, 1 for an error, 2 for a wrong flag (argparse), 78 for wrong settings, bundle or
        face models.
    """
    arguments = sys.argv[1:] if argv is None else argv
    args = _parser(arguments[0] if arguments else "").parse_args(arguments)
    logging.basicConfig(handlers=[console.log_handler()], level=logging.INFO)
    return console.run(lambda: int(args.command(args)))


def _parser(named: str) -> console.Parser:
    """The parser of the command that is named, or of all: ``watch`` and ``pause`` need no NumPy."""
    parser = console.Parser(
        prog="mien",
        description="Expressions of the faces in view.",
        epilog="More commands, each with a --help of its own: mien page, mien annotate and mien timeline; "
        "on a desktop mien train, mien convert and mien benchmark.",
    )
    parser.add_argument("--version", action="version", version=f"mien {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    modules = [_MODULES[named]] if named in _MODULES else dict.fromkeys(_MODULES.values())
    with console.ended_by_ctrl_c():
        for module in modules:
            import_module(f"edge.cli.{module}").add_parser(commands)
    return parser
