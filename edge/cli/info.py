"""``mien info``: versions, face models, settings and bundle as JSON."""

import argparse
import json
import platform
from pathlib import Path

from edge import __version__
from edge.build import load_bundle, models_directory
from edge.cli import console
from edge.cli.flags import add_settings_flags, settings_in_use
from edge.core.errors import MienError
from edge.core.runtime import package_version, runtime_name
from edge.landmarks import assets
from edge.running_config import printable

_PACKAGES = ("numpy", "opencv-python-headless", "ai-edge-litert", "tflite-runtime", "mediapipe", "picamera2")


def add_parser(commands: "argparse._SubParsersAction[console.Parser]") -> None:
    """Add the command; it sets ``command``."""
    text = "print versions, bundle and settings as JSON"
    parser = commands.add_parser("info", help=text, description=text)
    parser.set_defaults(command=_info)
    add_settings_flags(parser)


def _info(args: argparse.Namespace) -> int:
    settings = settings_in_use(args)
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


def _state(asset: assets.Asset, directory: Path | None) -> str:
    """The path of an asset that is whole, else the error that loading it gives."""
    try:
        assets.load(asset, directory)
    except MienError as error:
        return str(error)
    return str(assets.find(asset, directory))
