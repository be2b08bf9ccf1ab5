"""The command ``mien``: that of the device, and the tools that are packages of their own."""

import sys
from importlib import import_module

from edge.cli import main as device
from mien._siblings import load_sibling

_TOOLS = {
    "page": "mien.page.cli",
    "annotate": "mien.annotate.cli",
    "timeline": "mien.timeline.cli",
    "train": "train.cli",
    "convert": "convert.cli",
    "benchmark": "benchmarks.cli.main",
}
"""Command → the module whose ``main`` it calls."""


def main() -> int:
    """Run the command that ``sys.argv`` names, and return its exit code."""
    module = _TOOLS.get(sys.argv[1]) if len(sys.argv) > 1 else None
    if module is None:
        return device.main()
    del sys.argv[1]
    package = module.split(".")[0]
    if package != "mien":
        load_sibling("evaluation")
        load_sibling(package)
    return int(import_module(module).main())
