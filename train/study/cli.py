"""``python -m train.study alignment | balance``."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.cli.console import Parser, positive, quiet_import
from edge.core.errors import ConfigError
from train.settings import Settings

_STUDIES = {
    "alignment": "compare representations of the landmarks",
    "balance": "compare what is done about classes of very different size",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the flags and run a study."""
    argv = sys.argv[1:] if argv is None else list(argv)
    arguments = _parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    chosen = Settings().override(arguments.set)  # before the seconds that TensorFlow takes to load
    if chosen.shake or chosen.lost:
        raise ConfigError("a study has no shaken or lost landmarks: leave out --set shake and lost")
    with quiet_import():
        import tensorflow as tf

        from train.study import alignment, balance
        from train.study.runner import DEFAULTS

    tf.get_logger().setLevel("ERROR")  # it warns of many networks in one process
    settings = DEFAULTS.override(arguments.set)
    study = {"alignment": alignment.study, "balance": balance.study}[arguments.name]
    command = shlex.join(["python", "-m", "train.study", *argv])
    study(arguments.landmarks, arguments.out, settings, arguments.seeds, command)
    return 0


def _parser() -> argparse.ArgumentParser:
    text = "Vary one choice of the training, keep all else equal, and make a table."
    parser = Parser(prog="python -m train.study", description=text)
    commands = parser.add_subparsers(required=True, metavar="STUDY", dest="name")
    for name, help_text in _STUDIES.items():
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
        const="embedding=true",
        help="the fused network, in place of landmarks only",
    )
    return parser
