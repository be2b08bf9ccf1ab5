"""Flags → settings → benchmark → table and JSON. Errors become one line and an exit code."""

import argparse
import logging
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.cli import peers, report
from benchmarks.cli.flags import add_data_flags, add_pictures_flags, check_writable, show_result
from edge.cli import console
from edge.core.address import shown_argument
from edge.core.errors import ConfigError
from edge.settings import BACKENDS, load_settings
from edge.sources import FORMS


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
    return console.run(lambda: int(args.command(args)))


def _parser() -> argparse.ArgumentParser:
    parser = console.Parser(prog="mien benchmark", description="Time and score the pipeline.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_latency(commands)
    _add_accuracy(commands)
    _add_steadiness(commands)
    _add_robustness(commands)
    _add_reasons(commands)
    _add_matrix(commands)
    peers.add_commands(commands)
    report.add_commands(commands)
    return parser


def _add_latency(commands: Any) -> None:
    text = "time the pipeline, frame by frame, beside the bare landmark model"
    sub = commands.add_parser("latency", help=text, description=text)
    sub.set_defaults(command=_latency)
    sub.add_argument(
        "--source", default="demo", metavar="SPEC", help=f"default: demo; {FORMS.replace('%', '%%')}"
    )
    sub.add_argument(
        "--frames", type=console.positive, default=500, metavar="N", help="measured frames, at least (500)"
    )
    sub.add_argument(
        "--seconds",
        "--sustained",
        type=console.positive,
        default=0,
        metavar="T",
        help="go on for so long, at least (0); 600 shows heat and growing memory",
    )
    sub.add_argument(
        "--warmup", type=console.positive, default=30, metavar="N", help="frames before them (30)"
    )
    sub.add_argument(
        "--against", choices=BACKENDS, help="a second landmark backend that gets the same frames, in turn"
    )
    sub.add_argument(
        "--against-bundle", metavar="NAME", help="the second pipeline's bundle; default: the first one's"
    )
    _add_common_flags(sub)
    text = "CPU threads of the face models (1)"
    sub.add_argument("--threads", dest="landmarks.threads", type=int, metavar="N", help=text)


def _add_accuracy(commands: Any) -> None:
    text = "score a bundle on labelled pictures, from picture to label"
    sub = commands.add_parser("accuracy", help=text, description=text)
    sub.set_defaults(command=_accuracy)
    add_data_flags(sub, required=True)
    sub.add_argument("--scale", type=float, metavar="X", help="enlargement of the pictures")
    sub.add_argument("--padding", type=float, metavar="X", help="margin, as a part of the longer side")
    look = sub.add_mutually_exclusive_group()
    look.add_argument(
        "--tracked",
        action="store_true",
        help="as in a frame of a camera: one look at each face, from where tracking takes it",
    )
    look.add_argument(
        "--assume-face",
        action="store_true",
        help="where the detector finds nothing, take the middle of the picture for a face",
    )
    text = "CSV file for the answer to every picture, which the command compare takes"
    sub.add_argument("--answers", type=Path, metavar="OUT", help=text)
    _add_common_flags(sub)


def _add_steadiness(commands: Any) -> None:
    text = "see whether labels hold still over clips of a known state, as the app sees them"
    sub = commands.add_parser("steadiness", help=text, description=text)
    sub.set_defaults(command=_steadiness)
    sub.add_argument("clips", nargs="+", type=Path, metavar="CLIP", help="videos, or folders of videos")
    sub.add_argument("--expected", metavar="LABEL", help="the expression that every clip shows")
    _add_common_flags(sub)


def _add_robustness(commands: Any) -> None:
    text = "score a bundle on pictures that are noisy, blurred or covered, and with landmarks that are off"
    sub = commands.add_parser("robustness", help=text, description=text)
    sub.set_defaults(command=_robustness)
    add_data_flags(sub, required=False)
    add_pictures_flags(sub)
    sub.add_argument(
        "--corruptions", metavar="A,B", help="only these (docs/robustness-protocol.md); default: all"
    )
    sub.add_argument(
        "--reference",
        type=Path,
        metavar="FILE",
        help="JSON of the system that errors are measured by; default: that of fer, where it is there",
    )
    sub.add_argument(
        "--sheet",
        type=Path,
        metavar="FOLDER",
        help="draw every corruption there; then --data may be left out",
    )
    _add_common_flags(sub)


def _add_reasons(commands: Any) -> None:
    text = "see what the thresholds of turned, small, dark and blurred do, on pictures damaged in steps"
    sub = commands.add_parser("reasons", help=text, description=text)
    sub.set_defaults(command=_reasons)
    add_data_flags(sub, required=True)
    add_pictures_flags(sub)
    _add_common_flags(sub)


def _add_matrix(commands: Any) -> None:
    text = "time backends, runtimes, bundles, number formats and threads beside each other, in turn"
    sub = commands.add_parser("matrix", help=text, description=text)
    sub.set_defaults(command=_matrix)

    def several(name: str, default: list[Any], text: str, **options: Any) -> None:
        sub.add_argument(name, nargs="+", default=default, help=text, **options)

    several(
        "--python", [], "Pythons of further environments, e.g. .venv-mediapipe/bin/python", metavar="PATH"
    )
    several("--landmarks", list(BACKENDS), "landmark backends (all)", choices=BACKENDS)
    several("--bundle", ["everyday", "landmarks"], "bundles (everyday landmarks)", metavar="NAME")
    several("--threads", [1, 2], "CPU threads of the face models (1 2)", metavar="N", type=console.positive)
    sub.add_argument(
        "--rounds", type=console.positive, default=20, metavar="N", help="blocks of each configuration (20)"
    )
    sub.add_argument(
        "--frames", type=console.positive, default=50, metavar="N", help="measurements in a block (50)"
    )
    _add_file_flags(sub)


def _add_common_flags(parser: argparse.ArgumentParser) -> None:
    _add_file_flags(parser)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML); flags win over it")
    text = "landmark backend (litert)"
    parser.add_argument("--landmarks", dest="landmarks.backend", help=text, choices=BACKENDS)
    text = "shipped bundle's name, or path of a bundle"
    parser.add_argument("--bundle", dest="expression.bundle", help=text, metavar="NAME")


def _add_file_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="OUT", help="file for the result")
    text = "folder of the face models"
    parser.add_argument("--models-dir", dest="landmarks.models_dir", help=text, metavar="DIR")
    text = "face_landmarker.task for mediapipe-tasks"
    parser.add_argument("--task-file", dest="landmarks.task_file", help=text, metavar="FILE")


# Each command imports its own module: what the other one needs is not to count as peak memory.


def _latency(args: argparse.Namespace) -> int:
    from benchmarks.latency import latency

    flags = _flags(args)
    settings = load_settings(args.config, flags)
    against = None
    backends = {settings.landmarks.backend, args.against or settings.landmarks.backend}
    if not settings.expression.bundle and backends != {"litert"}:
        flags["expression.bundle"] = "landmarks"  # the one head that all backends can feed
        settings = load_settings(args.config, flags)
    if args.against or args.against_bundle:
        other = {"landmarks.backend": args.against, "expression.bundle": args.against_bundle}
        against = load_settings(args.config, flags | {key: value for key, value in other.items() if value})
    check_writable(args.json)
    result = latency.benchmark(settings, args.frames, args.warmup, against, args.seconds)
    return show_result(args, result, latency.table(result))


def _accuracy(args: argparse.Namespace) -> int:
    from benchmarks.accuracy import accuracy, answers

    settings = load_settings(args.config, _flags(args))
    check_writable(args.json)
    if args.answers:
        if args.json and args.json.resolve() == args.answers.resolve():
            raise ConfigError(f"--json and --answers both name {args.json}: choose two files")
        check_writable(args.answers, "--answers", answers.are_in)
    protocol = accuracy.make_protocol(
        settings, args.scale, args.padding, args.assume_face, args.labels, args.truth, args.tracked
    )
    result = accuracy.benchmark(args.data, args.split, protocol, args.workers, args.classes, args.answers)
    return show_result(args, result, accuracy.table(result))


def _steadiness(args: argparse.Namespace) -> int:
    from benchmarks.steadiness import steadiness

    settings = load_settings(args.config, _flags(args))
    check_writable(args.json)
    result = steadiness.benchmark(args.clips, settings, args.expected)
    return show_result(args, result, steadiness.table(result))


def _robustness(args: argparse.Namespace) -> int:
    from benchmarks.accuracy import subset
    from benchmarks.robustness import robustness
    from benchmarks.systems import face_finders

    settings = load_settings(args.config, _flags(args))
    face_finders.check_regions(settings.landmarks, "robustness")
    names = robustness.choose_names(args.corruptions)
    reference = robustness.find_reference(args.reference)
    if args.sheet:
        from benchmarks.robustness import contact_sheet

        contact_sheet.write_sheets(args.sheet, names, settings, args.seed)
        if args.data is None:
            return 0
    if args.data is None:
        raise ConfigError("nothing to do: name pictures with --data, or a folder for --sheet")
    check_writable(args.json)
    pictures = subset.Pictures(args.data, args.split, args.pictures, args.classes, args.labels, args.truth)
    result = robustness.benchmark_pipeline(pictures, settings, names, args.seed, reference, args.workers)
    return show_result(args, result, robustness.table(result))


def _reasons(args: argparse.Namespace) -> int:
    from benchmarks.accuracy import subset
    from benchmarks.reasons import reasons, table

    settings = load_settings(args.config, _flags(args))
    check_writable(args.json)
    pictures = subset.Pictures(args.data, args.split, args.pictures, args.classes, args.labels, args.truth)
    result = reasons.benchmark(pictures, settings, args.seed, args.workers)
    return show_result(args, result, table.table(result))


def _matrix(args: argparse.Namespace) -> int:
    from benchmarks.matrix import matrix

    pythons = [sys.executable, *args.python]
    flags = {name: value for name, value in _flags(args).items() if value is not None}
    plan = matrix.Plan(pythons, args.landmarks, args.bundle, args.threads, args.rounds, args.frames, flags)
    check_writable(args.json)
    result = matrix.benchmark(plan)
    return show_result(args, result, matrix.table(result))


def _flags(args: argparse.Namespace) -> dict[str, Any]:
    """Dotted setting → value, of the flags that were given."""
    return {name: value for name, value in vars(args).items() if "." in name or name == "source"}
