"""``mien train inspect | extract | teach | fit | fuse | report | baselines``."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.cli.console import Parser, positive, quiet_import
from evaluation import Preparation

Commands = Any
"""The object that ``argparse`` adds commands to; it has no public type."""


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the flags and run a command; gives the exit code."""
    parser = Parser(prog="mien train", description="Train the expression classifier.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (_add_inspect, _add_extract, _add_teach, _add_fit, _add_fuse, _add_report, _add_baselines):
        add(commands)
    arguments = parser.parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    arguments.command(arguments)
    return 0


def _add_inspect(commands: Commands) -> None:
    parser = commands.add_parser("inspect", help="count classes, copies, leaks and sizes before training")
    parser.add_argument("data", type=Path, help="pictures as for extract, or a landmarks folder")
    parser.add_argument("--out", type=Path, help="folder for a page of plots and inspect.json")
    _add_classes(parser)
    parser.set_defaults(command=_inspect)


def _inspect(arguments: argparse.Namespace) -> None:
    from train.dataset.inspect_data import inspect

    inspect(arguments.data, arguments.out, arguments.classes)


def _add_extract(commands: Commands) -> None:
    default = Preparation()
    parser = commands.add_parser("extract", help="find the faces and their landmarks in labelled pictures")
    text = "fer2013.csv, icml_face_data.csv, a folder [split/]class/*.png, AffectNet, or SXXX/omlands.csv"
    parser.add_argument("data", type=Path, help=text)
    parser.add_argument("--out", type=Path, required=True, help="landmarks folder to write")
    text = "augmented views of each training picture, for fit to learn from (default 0)"
    parser.add_argument("--views", type=int, default=0, metavar="N", help=text)
    _add_classes(parser)
    parser.add_argument("--dask", metavar="ADDRESS", help="use the workers of this Dask scheduler")
    text = "enlarge pictures by this (default %(default)s)"
    parser.add_argument("--scale", type=float, default=default.scale, help=text)
    text = "margin on each side, as a share of the longer side (default %(default)s)"
    parser.add_argument("--padding", type=float, default=default.padding, help=text)
    _add_workers(parser)
    parser.set_defaults(command=_extract)


def _extract(arguments: argparse.Namespace) -> None:
    from train.dataset.extract import extract
    from train.dataset.find_faces import ExtractionSetup
    from train.dataset.subjects import extract_subjects, is_subjects

    if is_subjects(arguments.data):
        extract_subjects(arguments.data, arguments.out, arguments.classes)
        return
    preparation = Preparation(arguments.scale, arguments.padding)
    setup = ExtractionSetup(preparation, arguments.views, arguments.models_dir)
    extract(arguments.data, arguments.out, setup, arguments.workers, arguments.dask, arguments.classes)


def _add_teach(commands: Commands) -> None:
    parser = commands.add_parser("teach", help="train a larger network, whose answers fit can learn from")
    parser.add_argument("data", type=Path, help="the data that was extracted")
    parser.add_argument("landmarks", type=Path, help="landmarks folder of extract")
    parser.add_argument("--out", type=Path, required=True, help="run folder to write")
    _add_classes(parser)
    _add_workers(parser)
    text = "train nothing, ask the network of the npm package @vladmandic/face-api 1.7.15, unpacked here"
    parser.add_argument("--faceapi", type=Path, metavar="FOLDER", help=text)
    _add_settings(parser)
    parser.set_defaults(command=_teach)


def _teach(arguments: argparse.Namespace) -> None:
    with quiet_import():
        from train.teacher.faceapi import ask
        from train.teacher.teach import SETTINGS, teach

    places = (arguments.data, arguments.landmarks, arguments.out)
    settings = SETTINGS.override(arguments.set)
    if arguments.faceapi:
        ask(*places, settings, arguments.faceapi, arguments.classes)
    else:
        teach(*places, settings, arguments.workers, arguments.classes, arguments.models_dir)


def _add_fit(commands: Commands) -> None:
    parser = commands.add_parser("fit", help="train the network on a landmarks folder")
    parser.add_argument("landmarks", type=Path, help="landmarks folder of extract")
    parser.add_argument("--out", type=Path, required=True, help="run folder to write")
    _add_settings(parser)
    text = "the data that was extracted: the report then shows some of its pictures"
    parser.add_argument("--data", type=Path, help=text)
    text = "run folders of teach; the mean of their answers is a part of the target"
    parser.add_argument("--teacher", type=Path, nargs="+", default=(), metavar="RUN", help=text)
    text = "run folder of fit whose weights the training starts from"
    parser.add_argument("--start", type=Path, metavar="RUN", help=text)
    parser.set_defaults(command=_fit)


def _fit(arguments: argparse.Namespace) -> None:
    from train.settings import TrainingSettings

    settings = TrainingSettings().override(arguments.set)  # before TensorFlow, which takes seconds to load
    with quiet_import():
        from train.fit import fit

    fit(arguments.landmarks, arguments.out, settings, arguments.data, arguments.teacher, arguments.start)


def _add_fuse(commands: Commands) -> None:
    parser = commands.add_parser("fuse", help="make one network of several that have different inputs")
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folders of fit")
    parser.add_argument("--out", type=Path, required=True, help="run folder to write")
    parser.set_defaults(command=_fuse)


def _fuse(arguments: argparse.Namespace) -> None:
    with quiet_import():
        from train.network.fuse import fuse

    fuse(arguments.runs, arguments.out)


def _add_report(commands: Commands) -> None:
    parser = commands.add_parser("report", help="write the report of a run once more")
    parser.add_argument("run", type=Path, help="run folder of fit or fuse")
    parser.add_argument("--bundle", type=Path, help="the bundle made from it: compares int8 with float")
    parser.add_argument("--data", type=Path, help="the data that was extracted: shows some of its pictures")
    parser.set_defaults(command=_report)


def _report(arguments: argparse.Namespace) -> None:
    from train.report.report import render

    render(arguments.run, arguments.bundle, arguments.data)


def _add_baselines(commands: Commands) -> None:
    parser = commands.add_parser("baselines", help="measure simpler methods beside the shipped bundles")
    parser.add_argument("data", type=Path, help="landmarks folder, or what extract takes")
    text = "folder for baselines.json, tables and a page; rows that are there are kept"
    parser.add_argument("--out", type=Path, required=True, help=text)
    text = "every experiment on a subset: under 10 minutes; 7 classes unless --labels says otherwise"
    parser.add_argument("--quick", action="store_true", help=text)
    text = "only these methods or experiments (METHOD/EXPERIMENT); the shipped bundles are the method bundle"
    parser.add_argument("--only", metavar="NAME[,NAME]", help=text)
    text = "numbers of classes: 7, 8, 6, 3 (default 7 3)"
    parser.add_argument("--labels", type=int, nargs="+", metavar="N", help=text)
    text = "data of another origin, which is evaluated only"
    parser.add_argument("--other", type=Path, metavar="DATA", help=text)
    text = "the pictures of a landmarks folder, for methods on pixels"
    parser.add_argument("--pictures", type=Path, metavar="DATA", help=text)
    text = "also write OUT/runs/*: run folders that mien convert makes bundles of"
    parser.add_argument("--export", action="store_true", help=text)
    text = (
        "pre-trained networks: ImageNet's, named as by Keras (else it downloads them), and face-api's package"
    )
    parser.add_argument("--weights", type=Path, metavar="FOLDER", help=text)
    _add_classes(parser)
    _add_workers(parser)
    parser.set_defaults(command=_baselines)


def _baselines(arguments: argparse.Namespace) -> None:
    from train.baselines.run import Request, run
    from train.dataset.find_faces import ExtractionSetup

    labels = arguments.labels or ([7] if arguments.quick else [7, 3])
    request = Request(
        arguments.data,
        arguments.out,
        ExtractionSetup(Preparation(), 0, arguments.models_dir),
        arguments.workers,
        arguments.quick,
        arguments.only,
        tuple(labels),
        arguments.other,
        arguments.pictures,
        arguments.classes,
        arguments.export,
        arguments.weights,
    )
    run(request)


# ---- flags of several commands ----


def _add_classes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--classes", type=Path, metavar="FILE", help="names of class folders (TOML)")


def _add_workers(parser: argparse.ArgumentParser) -> None:
    text = "processes that prepare pictures (default: all cores)"
    parser.add_argument("--workers", type=positive, default=os.cpu_count() or 1, metavar="N", help=text)
    text = "folder of the face models (default: where setup put them)"
    parser.add_argument("--models-dir", type=Path, help=text)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    text = "settings, see train/settings.py"
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE", help=text)
