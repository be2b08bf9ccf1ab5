"""``mien watch``: show what a running service publishes on its socket."""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge.cli import console
from edge.core.errors import StreamDeniedError, StreamError
from edge.settings import load_settings
from edge.sinks.live_line import LiveLine
from edge.stream import messages
from edge.stream.client import StreamClient
from edge.stream.path import reader_path

_RETRY_S = 1.0


def add_parser(commands: "argparse._SubParsersAction[console.Parser]") -> None:
    """Add the command; it sets ``command``."""
    text = "show what a running service sees (sink socket) until Ctrl-C"
    parser = commands.add_parser("watch", help=text, description=text)
    parser.set_defaults(command=_watch)
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML) of the service")
    parser.add_argument(
        "--socket", default="", metavar="PATH", help="the service's socket; wins over --config"
    )
    parser.add_argument("--json", action="store_true", help="print each message as a line of JSON")


def _watch(args: argparse.Namespace) -> int:
    socket = args.socket or load_settings(args.config, {}).output.socket
    line = LiveLine(sys.stdout, time.monotonic)
    show = _print_json if args.json else _Shown(line).show
    try:
        for message in _messages(socket, line):
            show(message)
    finally:
        line.end()
    return 0


def _messages(socket: str, line: LiveLine) -> Iterator[dict[str, Any]]:
    """The messages of a service; where it ends or is not there, those of the next one at the same path.

    Raises:
        StreamDeniedError: this user may not read the socket.
    """
    waits = False
    while True:
        try:
            with StreamClient(reader_path(socket)) as client:
                for message in client:
                    waits = False
                    yield message
            reason = f"the service at {client.path} has ended, or has too many readers"
        except StreamDeniedError:
            raise
        except StreamError as error:
            reason = str(error)
        if not waits:
            line.end()
            console.say(f"{reason}; waiting for it", sys.stderr)
            waits = True
        time.sleep(_RETRY_S)


def _print_json(message: dict[str, Any]) -> None:
    sys.stdout.write(messages.line(message).decode())
    sys.stdout.flush()


class _Shown:
    """Shows messages in a line, each kind in its way."""

    def __init__(self, line: LiveLine) -> None:
        self._line = line
        self._state = ""
        self._asleep = False

    def show(self, message: dict[str, Any]) -> None:
        if "hello" in message:
            about = message["hello"]
            self._line.end()
            console.say(f"{about['device']}: mien {about['version']}, bundle {about['bundle']}")
            self._state = ""
        elif "status" in message:
            status = message["status"]
            self._asleep = status["asleep"]
            lost = "no camera: waiting until it is back" if status["camera_lost"] else ""
            state = f"paused ({status['paused']}): the camera is closed" if status["paused"] else lost
            if state and state != self._state:
                self._line.show(state)
            self._state = state
        elif "frame" in message and self._line.is_due(message["source"]):
            self._line.show_record(message, "  asleep" if self._asleep else "")
