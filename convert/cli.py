"""``mien convert RUN --out BUNDLE``."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from edge.cli.console import Parser, quiet_import


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the flags and convert; gives the exit code."""
    arguments = _parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_import():
        from convert.convert import convert

    name = arguments.name or arguments.out.resolve().name
    convert(arguments.run, arguments.out, name, arguments.float, arguments.accept_loss)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="mien convert", description="Quantize a trained network and write a bundle for the device."
    )
    parser.add_argument("run", type=Path, help="run folder of mien train fit")
    parser.add_argument(
        "--out", type=Path, required=True, help="bundle folder to write; an older bundle is replaced"
    )
    parser.add_argument("--name", help="name of the bundle (default: that of the folder)")
    text = "also write model_float32.tflite and model_dynamic.tflite (int8 weights only)"
    parser.add_argument("--float", action="store_true", help=text)
    text = "write the bundle even if int8 decides otherwise than the trained network; it records that"
    parser.add_argument("--accept-loss", action="store_true", help=text)
    return parser
