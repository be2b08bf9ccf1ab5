"""The command line of ``mien annotate``."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.cli.console import Parser, ended_in_order, log_handler, say
from edge.cli.flags import add_recognition_flags, settings_in_use
from mien.annotate.annotate import annotate
from mien.annotate.plan import plan

_DESCRIPTION = (
    "Draw boxes, meshes and labels on a picture, a video, or all pictures and videos of a folder, and write "
    "the JSON lines beside them. Videos become H.264 in MP4 and keep their sound if ffmpeg is installed."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the flags and annotate; gives the exit code.

    Raises:
        MienError: INPUT cannot be read, OUT cannot be written, or the bundle or the face models are missing.
        OSError: the disk is full.
    """
    parser = Parser(prog="mien annotate", description=_DESCRIPTION)
    parser.add_argument("source", metavar="INPUT", help="a picture, a video, or a folder of them")
    text = "file of the drawing (of a video: .mp4), or folder for a folder; its JSON lines lie beside it"
    parser.add_argument("--out", type=Path, required=True, metavar="OUT", help=text)
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    add_recognition_flags(parser)
    args = parser.parse_args(argv)
    logging.basicConfig(handlers=[log_handler()], level=logging.INFO)
    planned = plan(args.source, args.out, args.overwrite)
    with ended_in_order():
        summary = annotate(planned, settings_in_use(args))
    say(f"{summary}; {args.out} and {planned.records}")
    if planned.excluded:
        say(planned.describe_excluded(), sys.stderr)
    return 0
