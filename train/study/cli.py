"""``python -m train.study alignment | balance``."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.cli.console import Parser, positive
from edge.core.errors import ConfigError
from train.study import alignment, balance
from train.study.runner import DEFAULTS

_STUDIES = {
    "alignment": (alignment.study, "compare representations of the landmarks"),
    "balance": (balance.study, "compare strategies against classes of unequal size"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the flags and run a study; gives the exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    arguments = _parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    settings = DEFAULTS.override(arguments.set)
    if settings.landmark_jitter or settings.landmark_dropout:
        raise ConfigError(
            "a study trains without landmark_jitter and landmark_dropout: remove them from --set"
        )
    study, _ = _STUDIES[arguments.name]
    command = shlex.join(["python", "-m", "train.study", *argv])
    study(arguments.landmarks, arguments.out, settings, arguments.seeds, command)
    return 0


def _parser() -> argparse.ArgumentParser:
    text = "Vary one choice of the training, keep all else equal, and make a table."
    parser = Parser(prog="python -m train.study", description=text)
    commands = parser.add_subparsers(required=True, metavar="STUDY", dest="name")
    for name, (_, help_text) in _STUDIES.items():
        study = commands.add_parser(name, help=help_text, description=help_text)
        study.add_argument("landmarks", type=Path, help="landmarks folder of mien train extract")
        study.add_argument("--out", type=Path, required=True, help="folder to write: study.md, study.json")
        study.add_argument(
            "--seeds", type=positive, default=3, metavar="N", help="trainings of each row (default 3)"
        )
        study.add_argument(
            "--set",
            nargs="+",
            action="extend",
            default=[],
            metavar="KEY=VALUE",
            help="settings, see train/settings.py; hidden=128,64 and epochs=15 if not given",
        )
    commands.choices["balance"].add_argument(
        "--embedding",
        action="append_const",
        dest="set",
        const="inputs=landmarks,coarse_map,fine_map",
        help="train on landmarks and feature maps, in place of landmarks only",
    )
    return parser
