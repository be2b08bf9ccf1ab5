"""``python -m train extract`` and ``python -m train fit``."""

import argparse
import os
import sys
from pathlib import Path

from edge.core.console import muted_stderr, positive, run
from edge.data import Preparation


def main() -> int:
    arguments = _parser().parse_args()
    return int(arguments.command(arguments))


def _extract(arguments: argparse.Namespace) -> int:
    from train.extract import extract

    preparation = Preparation(arguments.scale, arguments.padding)
    extract(arguments.data, arguments.out, preparation, arguments.workers, arguments.models_dir)
    return 0


def _fit(arguments: argparse.Namespace) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from train.settings import Settings

    settings = Settings().override(arguments.set)  # before the seconds that TensorFlow takes to load
    with muted_stderr():
        from train.fit import fit

    fit(arguments.landmarks, arguments.out, settings)
    return 0


def _parser() -> argparse.ArgumentParser:
    default = Preparation()
    parser = argparse.ArgumentParser(prog="python -m train", description="Train the expression classifier.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    extract = commands.add_parser("extract", help="find the faces and their landmarks in labelled pictures")
    extract.add_argument(
        "data", type=Path, help="fer2013.csv, icml_face_data.csv, or a folder [split/]class/*.png"
    )
    extract.add_argument("--out", type=Path, required=True, help="landmarks file to write (.npz)")
    extract.add_argument(
        "--scale", type=float, default=default.scale, help="enlarge pictures by this (default %(default)s)"
    )
    extract.add_argument(
        "--padding",
        type=float,
        default=default.padding,
        help="margin on each side, as a part of the longer side (default %(default)s)",
    )
    extract.add_argument(
        "--workers", type=positive, default=os.cpu_count() or 1, help="processes (default: all cores)"
    )
    extract.add_argument(
        "--models-dir", type=Path, help="folder of the face models (default: where setup put them)"
    )
    extract.set_defaults(command=_extract)

    fit = commands.add_parser("fit", help="train the network on a landmarks file")
    fit.add_argument(
        "landmarks",
        type=Path,
        nargs="+",
        help="landmarks file of extract; more of the same pictures, prepared differently, vary the training",
    )
    fit.add_argument("--out", type=Path, required=True, help="run folder to write")
    fit.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="settings, see train/settings.py",
    )
    fit.set_defaults(command=_fit)
    return parser


if __name__ == "__main__":
    sys.exit(run(main))
