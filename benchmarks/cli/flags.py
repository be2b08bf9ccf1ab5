"""Flags and the end of a run, which several commands share."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.cli import console
from edge.core.errors import MienError
from edge.core.files import check_replaceable, is_json_with, write_atomic
from evaluation.label_sets import LABEL_SETS


def add_data_flags(sub: argparse.ArgumentParser, required: bool) -> None:
    """What is scored, and what is right."""
    text = "fer2013.csv, or a folder of class folders"
    sub.add_argument("--data", type=Path, required=required, metavar="PATH", help=text)
    sub.add_argument("--classes", type=Path, metavar="FILE", help="names of class folders (TOML)")
    sub.add_argument("--split", metavar="NAME", help="only this part, e.g. PublicTest; default: all of it")
    sub.add_argument(
        "--labels",
        type=int,
        choices=LABEL_SETS,
        help="classes to score; emotions that they leave out are dropped; default: the bundle's own",
    )
    sub.add_argument(
        "--truth",
        choices=("label", "votes"),
        default="label",
        help="what is right: the data's label (default), or the clear majority of the FER+ votes",
    )
    sub.add_argument(
        "--workers", type=console.positive, metavar="N", help="processes; default: one for each core"
    )


def add_pictures_flags(sub: argparse.ArgumentParser) -> None:
    """Which pictures of the data are taken."""
    sub.add_argument(
        "--pictures",
        type=console.positive,
        metavar="N",
        help="so many, drawn with the classes in proportion; default: all",
    )
    sub.add_argument("--seed", type=_seed, default=0, metavar="N", help="of the noise and of --pictures (0)")


def show_result(args: argparse.Namespace, result: dict[str, Any], table: str) -> int:
    """Print table and warnings, and write the JSON that was asked for: exit code 0."""
    result["command"] = args.command_line
    for line in table.split("\n"):
        console.say(line)
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
        path: of the file; None: there is to be none.
        flag: that names it.
        ours: whether content may be replaced; None: that of a result may.

    Raises:
        MienError: it cannot, or something else would be replaced by it.
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
    """Whether a file holds an older result."""
    return is_json_with(content, "kind", "schema", "warnings")


def _seed(text: str) -> int:
    """NumPy seeds its generators with whole numbers from 0 on."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more, not {number}")
    return number
