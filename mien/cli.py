"""The one command: ``mien run`` and its kin on the device, ``mien train|convert|benchmark`` on a desktop."""

import sys
from importlib import import_module

from edge import cli
from mien._siblings import load_sibling

_TOOLS = {"train": "train", "convert": "convert", "benchmark": "benchmarks"}
"""Command → the package whose command line it is."""


def main() -> int:
    """Do what ``sys.argv`` says; gives the exit code."""
    package = _TOOLS.get(sys.argv[1]) if len(sys.argv) > 1 else None
    if package is None:
        return cli.main()
    del sys.argv[1]
    load_sibling(package)
    return int(import_module(f"{package}.cli").main())
