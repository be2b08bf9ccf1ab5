"""The flags of the commands that read the settings, and the settings that result."""

import argparse
import logging
from functools import partial
from pathlib import Path
from typing import Any

from edge.build import with_bundle
from edge.bundles.store import BundleStore
from edge.settings import BACKENDS, SINKS, Settings, load_settings
from edge.sources import FORMS

log = logging.getLogger(__name__)


def add_settings_flags(parser: argparse.ArgumentParser) -> None:
    """Add ``--config`` and a flag for each setting that a command line may override."""
    _flag(parser, "--source", "source", FORMS.replace("%", "%%"), metavar="SPEC")
    add_recognition_flags(parser)
    text = "where results go; may be given twice"
    _flag(parser, "--sink", "output.sinks", text, action="append", choices=SINKS)
    _flag(parser, "--jsonl-file", "output.jsonl_file", "file the JSON lines are added to", metavar="FILE")


def add_recognition_flags(parser: argparse.ArgumentParser) -> None:
    """Add ``--config`` and the flags of how faces are found and classified."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML); flags win over it")
    flag = partial(_flag, parser)
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


def _flag(parser: argparse.ArgumentParser, name: str, setting: str, text: str, **options: Any) -> None:
    parser.add_argument(name, dest=setting, help=text, **options)


def settings_from(args: argparse.Namespace) -> Settings:
    """The settings of the file and the flags; each one without effect is a warning in the log.

    Raises:
        ConfigError: see ``load_settings``.
    """
    names = ("source", *(name for name in vars(args) if "." in name))
    settings = load_settings(args.config, {name: getattr(args, name) for name in names})
    for sentence in settings.without_effect():
        log.warning("%s", sentence)
    return settings


def settings_in_use(args: argparse.Namespace) -> Settings:
    """The same, with the bundle that ``mien models use`` chose where the settings name none."""
    return with_bundle(settings_from(args), BundleStore().state.current)
