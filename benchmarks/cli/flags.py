"""What the commands share: flags, checks before a run, and the output after it."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.cli import console
from edge.core.errors import MienError
from edge.core.files import check_replaceable, is_json_with, write_atomic
from edge.settings import BACKENDS, Settings, load_settings
from evaluation.label_sets import LABEL_SETS

if TYPE_CHECKING:
    from benchmarks.accuracy.subset import PictureSelection

COUNT: dict[str, Any] = {"type": console.positive, "metavar": "N"}
"""What argparse needs to know of a flag that takes a whole number of 1 or more."""


def add_data_flags(sub: argparse.ArgumentParser, required: bool) -> None:
    """The flags that say which data is scored, and what is right."""
    text = "fer2013.csv, or a folder of class folders"
    sub.add_argument("--data", type=Path, required=required, metavar="PATH", help=text)
    sub.add_argument("--classes", type=Path, metavar="FILE", help="names of class folders (TOML)")
    sub.add_argument("--split", metavar="NAME", help="only this part, e.g. PublicTest; default: all of it")
    text = "classes to score; emotions that they leave out are dropped; default: the bundle's own"
    sub.add_argument("--labels", type=int, choices=LABEL_SETS, help=text)
    text = "what is right: the data's label (default), or the clear majority of the FER+ votes"
    sub.add_argument("--truth", choices=("label", "votes"), default="label", help=text)
    sub.add_argument("--workers", **COUNT, help="processes; default: one for each core")


def add_pictures_flags(sub: argparse.ArgumentParser) -> None:
    """The flags that say how many pictures of the data are drawn, and how."""
    text = "so many, drawn with the classes in proportion; default: all"
    sub.add_argument("--pictures", **COUNT, help=text)
    sub.add_argument("--seed", type=_seed, default=0, metavar="N", help="of the noise and of --pictures (0)")


def add_common_flags(parser: argparse.ArgumentParser) -> None:
    """The flags of every benchmark of the app's pipeline: files, settings file, backend and bundle."""
    add_file_flags(parser)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML); flags win over it")
    text = "landmark backend (litert)"
    parser.add_argument("--landmarks", dest="landmarks.backend", help=text, choices=BACKENDS)
    text = "shipped bundle's name, or path of a bundle"
    parser.add_argument("--bundle", dest="expression.bundle", help=text, metavar="NAME")


def add_file_flags(parser: argparse.ArgumentParser) -> None:
    """The flags for the result and the face models."""
    add_json_flag(parser)
    text = "folder of the face models"
    parser.add_argument("--models-dir", dest="landmarks.models_dir", help=text, metavar="DIR")
    text = "face_landmarker.task for mediapipe-tasks"
    parser.add_argument("--task-file", dest="landmarks.task_file", help=text, metavar="FILE")


def add_json_flag(parser: argparse.ArgumentParser) -> None:
    """The flag for the result."""
    parser.add_argument("--json", type=Path, metavar="OUT", help="file for the result")


def settings_flags(args: argparse.Namespace) -> dict[str, Any]:
    """The flags that are settings of the app: dotted setting → value, None where it was not given."""
    return {name: value for name, value in vars(args).items() if "." in name or name == "source"}


def load_checked(args: argparse.Namespace) -> Settings:
    """The settings of ``add_common_flags``, once it is known that the result can be written.

    Raises:
        MienError: the settings are wrong, or see ``check_writable``.
    """
    settings = load_settings(args.config, settings_flags(args))
    check_writable(args.json)
    return settings


def picture_selection(args: argparse.Namespace, labels: int | None = None) -> "PictureSelection":
    """The pictures that the flags name.

    Args:
        args: flags of ``add_data_flags``, and those of ``add_pictures_flags`` where the command has them.
        labels: number of classes where the flag ``--labels`` is not given.
    """
    from benchmarks.accuracy.subset import PictureSelection  # it counts as memory: only where it is needed

    return PictureSelection(
        data=args.data,
        split=args.split,
        number=getattr(args, "pictures", None),
        seed=getattr(args, "seed", 0),
        mapping=args.classes,
        label_set=args.labels or labels,
        truth=args.truth,
        workers=args.workers,
    )


def show_result(args: argparse.Namespace, result: dict[str, Any]) -> int:
    """Print the result and its warnings, and write the JSON that was asked for; gives exit code 0."""
    from benchmarks.report import report  # only now: it would count as memory of a benchmark

    result["command"] = args.command_line
    print(report.text(result))
    for warning in result["warnings"]:
        console.say(f"warning: {warning}", sys.stderr)
    if args.json:
        write_atomic(args.json.resolve(), json.dumps(result, indent=2, allow_nan=False).encode() + b"\n")
    return 0


def check_writable(
    path: Path | None, flag: str = "--json", ours: Callable[[bytes], bool] | None = None
) -> None:
    """Make the folder of ``path`` and see that a file can be written there, before a long run.

    Args:
        path: the file; None: none is asked for.
        flag: the flag that names it.
        ours: says whether a file of this content may be replaced; default: ``is_result``.

    Raises:
        MienError: it cannot be written, or another file would be replaced.
    """
    if path is None:
        return
    if path.is_dir():
        raise MienError(f"{flag} must name a file, but {path} is a folder")
    if path.exists() and not path.is_file():
        raise MienError(f"{flag} must name a file, but {path} is a device or a pipe")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise MienError(f"cannot write {path}: {error.strerror}; choose another {flag}") from None
    check_replaceable(path, ours or is_result)


def is_result(content: bytes) -> bool:
    """Whether the content of a file is an older result."""
    return is_json_with(content, "kind", "schema", "warnings")


def _seed(text: str) -> int:
    """A seed for NumPy's generators, which take whole numbers from 0 on."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more, not {number}")
    return number
