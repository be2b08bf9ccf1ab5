"""``mien train inspect | extract | teach | fit | fuse | report``."""

import argparse
import os
from pathlib import Path

from edge.cli.console import Parser, positive, quiet_import
from evaluation import Preparation


def main() -> int:
    """Parse the flags and do what they say; gives the exit code."""
    arguments = _parser().parse_args()
    return int(arguments.command(arguments))


def _extract(arguments: argparse.Namespace) -> int:
    from train.dataset.extract import extract
    from train.dataset.find_faces import Setup
    from train.dataset.subjects import extract_subjects, is_subjects

    if is_subjects(arguments.data):
        extract_subjects(arguments.data, arguments.out, arguments.classes)
        return 0
    preparation = Preparation(arguments.scale, arguments.padding)
    setup = Setup(preparation, arguments.views, arguments.models_dir)
    extract(arguments.data, arguments.out, setup, arguments.workers, arguments.dask, arguments.classes)
    return 0


def _inspect(arguments: argparse.Namespace) -> int:
    from train.dataset.inspect_data import inspect

    inspect(arguments.data, arguments.out, arguments.classes)
    return 0


def _report(arguments: argparse.Namespace) -> int:
    from train.report.report import render

    render(arguments.run, arguments.bundle, arguments.data)
    return 0


def _teach(arguments: argparse.Namespace) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_import():
        from train.teacher.teach import SETTINGS, teach

    settings = SETTINGS.override(arguments.set)
    if arguments.faceapi:
        from train.teacher.ask import ask

        places = (arguments.data, arguments.landmarks, arguments.out)
        ask(*places, settings, arguments.faceapi, arguments.classes)
        return 0
    teach(
        arguments.data,
        arguments.landmarks,
        arguments.out,
        settings,
        arguments.workers,
        arguments.classes,
        arguments.models_dir,
    )
    return 0


def _fit(arguments: argparse.Namespace) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from train.settings import Settings

    settings = Settings().override(arguments.set)  # before the seconds that TensorFlow takes to load
    with quiet_import():
        from train.fit import fit

    fit(arguments.landmarks, arguments.out, settings, arguments.data, arguments.teacher, arguments.start)
    return 0


def _fuse(arguments: argparse.Namespace) -> int:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_import():
        from train.network.fuse import fuse

    fuse(arguments.runs, arguments.out)
    return 0


_DATA = "fer2013.csv, icml_face_data.csv, a folder [split/]class/*.png, AffectNet, or SXXX/omlands.csv"


def _parser() -> argparse.ArgumentParser:
    default = Preparation()
    parser = Parser(prog="mien train", description="Train the expression classifier.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    inspect = commands.add_parser("inspect", help="count classes, copies, leaks and sizes before training")
    inspect.add_argument("data", type=Path, help="pictures as for extract, or a landmarks folder")
    inspect.add_argument("--out", type=Path, help="folder for a page of plots and inspect.json")
    inspect.add_argument("--classes", type=Path, metavar="FILE", help="names of class folders (TOML)")
    inspect.set_defaults(command=_inspect)

    extract = commands.add_parser("extract", help="find the faces and their landmarks in labelled pictures")
    extract.add_argument("data", type=Path, help=_DATA)
    extract.add_argument("--out", type=Path, required=True, help="landmarks folder to write")
    extract.add_argument(
        "--views",
        type=int,
        default=0,
        help="how often each training picture is varied, for fit to learn from (default 0)",
    )
    extract.add_argument("--classes", type=Path, metavar="FILE", help="names of class folders (TOML)")
    extract.add_argument("--dask", metavar="ADDRESS", help="use the workers of this Dask scheduler")
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

    teach = commands.add_parser("teach", help="train a larger network, whose answers fit can learn from")
    teach.add_argument("data", type=Path, help="the data that was extracted")
    teach.add_argument("landmarks", type=Path, help="landmarks folder of extract")
    teach.add_argument("--out", type=Path, required=True, help="run folder to write")
    teach.add_argument("--classes", type=Path, metavar="FILE", help="names of class folders (TOML)")
    teach.add_argument(
        "--workers", type=positive, default=os.cpu_count() or 1, help="processes that prepare pictures"
    )
    teach.add_argument("--models-dir", type=Path, help="folder of the face models")
    teach.add_argument(
        "--faceapi",
        type=Path,
        metavar="FOLDER",
        help="train nothing, ask the network of the npm package @vladmandic/face-api 1.7.15, unpacked here",
    )
    teach.add_argument(
        "--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE", help="settings, as for fit"
    )
    teach.set_defaults(command=_teach)

    fit = commands.add_parser("fit", help="train the network on a landmarks folder")
    fit.add_argument("landmarks", type=Path, help="landmarks folder of extract")
    fit.add_argument("--out", type=Path, required=True, help="run folder to write")
    fit.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="settings, see train/settings.py",
    )
    fit.add_argument(
        "--data", type=Path, help="the data that was extracted: the report then shows some of its pictures"
    )
    fit.add_argument(
        "--teacher",
        type=Path,
        nargs="+",
        default=(),
        metavar="RUN",
        help="run folders of teach; the mean of their answers is a part of the target",
    )
    fit.add_argument(
        "--start", type=Path, metavar="RUN", help="run folder of fit whose weights are trained on"
    )
    fit.set_defaults(command=_fit)

    fuse = commands.add_parser("fuse", help="make one network of several that see different inputs")
    fuse.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders of fit")
    fuse.add_argument("--out", type=Path, required=True, help="run folder to write")
    fuse.set_defaults(command=_fuse)

    report = commands.add_parser("report", help="write the report of a run once more")
    report.add_argument("run", type=Path, help="run folder of fit")
    report.add_argument("--bundle", type=Path, help="the bundle made from it: sets int8 against float")
    report.add_argument("--data", type=Path, help="the data that was extracted: shows some of its pictures")
    report.set_defaults(command=_report)
    return parser
