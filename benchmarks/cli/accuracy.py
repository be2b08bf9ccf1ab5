"""The command ``accuracy``."""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.cli import flags
from edge.core.errors import ConfigError
from edge.settings import load_settings


def add_command(commands: Any) -> None:
    """Add ``accuracy`` to argparse's sub-commands."""
    text = "score a bundle on labelled pictures, from picture to label"
    sub = commands.add_parser("accuracy", help=text, description=text)
    sub.set_defaults(command=_run)
    flags.add_data_flags(sub, required=True)
    sub.add_argument("--scale", type=float, metavar="X", help="enlargement of the pictures")
    sub.add_argument("--padding", type=float, metavar="X", help="margin, as a part of the longer side")
    region = sub.add_mutually_exclusive_group()
    region.add_argument(
        "--tracked",
        action="store_true",
        help="as in a frame of a camera: one pass over each face, at the region that tracking takes",
    )
    region.add_argument(
        "--assume-face",
        action="store_true",
        help="where the detector finds nothing, take the middle of the picture for a face",
    )
    text = "CSV file for the answer to every picture, which the command compare takes"
    sub.add_argument("--answers", type=Path, metavar="OUT", help=text)
    flags.add_common_flags(sub)


def _run(args: argparse.Namespace) -> int:
    from benchmarks.accuracy import accuracy, answers

    settings = load_settings(args.config, flags.settings_flags(args))
    flags.check_writable(args.json)
    if args.answers:
        if args.json and args.json.resolve() == args.answers.resolve():
            raise ConfigError(f"--json and --answers both name {args.json}: choose two files")
        flags.check_writable(args.answers, "--answers", answers.holds_answers)
    protocol = accuracy.make_protocol(settings, args.scale, args.padding, args.assume_face, args.tracked)
    pictures = flags.picture_selection(args)
    result = accuracy.benchmark(pictures, protocol, args.workers, args.answers)
    return flags.show_result(args, result, accuracy.table(result))
