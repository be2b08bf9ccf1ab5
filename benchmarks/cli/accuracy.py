"""The command ``accuracy``."""

import argparse
from pathlib import Path

from benchmarks.cli import flags
from edge.core.errors import ConfigError

HELP = "score a bundle on labelled pictures, from picture to label"


def add_flags(sub: argparse.ArgumentParser) -> None:
    flags.add_data_flags(sub, required=True)
    sub.add_argument("--scale", type=float, metavar="X", help="enlargement of the pictures")
    sub.add_argument("--padding", type=float, metavar="X", help="margin, as a part of the longer side")
    region = sub.add_mutually_exclusive_group()
    text = "as in a frame of a camera: one pass over each face, at the region that tracking takes"
    region.add_argument("--tracked", action="store_true", help=text)
    text = "where the detector finds nothing, take the middle of the picture for a face"
    region.add_argument("--assume-face", action="store_true", help=text)
    text = "CSV file for the answer to every picture, which the command compare takes"
    sub.add_argument("--answers", type=Path, metavar="OUT", help=text)
    flags.add_common_flags(sub)


def run(args: argparse.Namespace) -> int:
    from benchmarks.accuracy import accuracy, answers

    settings = flags.load_checked(args)
    if args.answers:
        if args.json and args.json.resolve() == args.answers.resolve():
            raise ConfigError(f"--json and --answers both name {args.json}: choose two files")
        flags.check_writable(args.answers, "--answers", answers.holds_answers)
    protocol = accuracy.make_protocol(settings, args.scale, args.padding, args.assume_face, args.tracked)
    return flags.show_result(args, accuracy.benchmark(flags.picture_selection(args), protocol, args.answers))
