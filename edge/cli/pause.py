"""``mien pause`` and ``mien resume``: close the camera of a service on this device, and open it again."""

import argparse
import os
from pathlib import Path

from edge.cli import console
from edge.core.errors import MienError
from edge.landmarks.assets import data_directory
from edge.pause import DEVICE, READER, PauseMarks
from edge.settings import load_settings

_SERVICE_CONFIG = Path("/etc/mien/mien.toml")
_SERVICE_STATE = Path("/var/lib/mien")
"""Settings and state of the installed service."""


def add_parser(commands: "argparse._SubParsersAction[console.Parser]") -> None:
    """Add the commands; each sets ``command``."""
    for name, command, text in (
        (
            "pause",
            _pause,
            "close the camera of a run, now or once it starts, until mien resume: your own, or the installed "
            "service as root",
        ),
        ("resume", _resume, "open the camera again, whoever has paused the run"),
    ):
        parser = commands.add_parser(name, help=text, description=text)
        parser.set_defaults(command=command)
        parser.add_argument(
            "--config",
            type=Path,
            metavar="FILE",
            help=f"settings file (TOML) of the run (default: {_SERVICE_CONFIG} where Mien is a service)",
        )


def _pause(args: argparse.Namespace) -> int:
    device, folder = _device(args), _state_folder()
    PauseMarks(folder, device).add(DEVICE)
    console.say(f"{device} is paused (state in {folder}): a running camera is closed within a second")
    return 0


def _resume(args: argparse.Namespace) -> int:
    device, folder = _device(args), _state_folder()
    marks = PauseMarks(folder, device)
    for who in (READER, DEVICE):
        marks.remove(who)
    console.say(f"{device} is not paused (state in {folder})")
    return 0


def _device(args: argparse.Namespace) -> str:
    """The id of the run's device.

    Raises:
        MienError: the service is meant, but this user may not read its settings.
    """
    config = args.config
    if config is None and _SERVICE_CONFIG.parent.is_dir():
        if not os.access(_SERVICE_CONFIG.parent, os.X_OK):
            raise MienError(
                "only root and the user mien pause the installed service (sudo); "
                "for a run of your own, name its settings with --config"
            )
        config = _SERVICE_CONFIG
    return load_settings(config, {}).output.device_id


def _state_folder() -> Path:
    """The folder of the run's state: that of the installed service for root and the service's user."""
    if os.environ.get("STATE_DIRECTORY") or not _SERVICE_STATE.is_dir():
        return data_directory()
    is_its_user = os.geteuid() in (0, _SERVICE_STATE.stat().st_uid)
    return _SERVICE_STATE if is_its_user else data_directory()
