"""The command line of ``mien timeline``."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

from edge.cli.console import Parser, ended_in_order, log_handler, say
from edge.core.errors import DataError
from edge.core.files import require_writable_file, write_atomic
from edge.core.text import counted
from mien._siblings import load_sibling
from mien.timeline.table import write_table

_DESCRIPTION = (
    "Show the JSON lines of mien run or mien annotate over time: as a page (.html), a picture (.png), "
    "or a table with a row for each face of each frame (.csv)."
)
_FORMS = (".html", ".png", ".csv")


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the flags and write the timeline; gives the exit code.

    Raises:
        DataError: the file is not JSON lines of this program, or OUT is there already.
        ModuleNotFoundError: a page or picture needs matplotlib, a page also Jinja2.
        OSError: a file cannot be read or written.
    """
    parser = Parser(prog="mien timeline", description=_DESCRIPTION)
    parser.add_argument("records", type=Path, metavar="RECORDS", help="file of JSON lines")
    text = f"file to write; its ending says what: {', '.join(_FORMS)}"
    parser.add_argument("--out", type=_out, required=True, metavar="OUT", help=text)
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there")
    args = parser.parse_args(argv)
    logging.basicConfig(handlers=[log_handler()], level=logging.INFO)
    records, out = args.records, args.out
    if records.exists() and not records.is_file():
        raise DataError(
            f"{records} is no file: expected a file of JSON lines, which mien run or annotate wrote"
        )
    if out.exists() and records.exists() and out.samefile(records):
        raise DataError(f"{out} is the input itself: name another file with --out")
    require_writable_file(out, args.overwrite)
    with ended_in_order():
        say(f"{_write(records, out)}: {out}")
    return 0


def _write(records: Path, out: Path) -> str:
    """Write the timeline; says how much it holds."""
    form = out.suffix.lower()
    if form == ".csv":
        return counted(write_table(records, out), "row")
    load_sibling("evaluation")
    from mien.timeline import page  # NumPy, and with the first plot matplotlib

    page.require_packages(form == ".html")
    sections = page.read(records)
    write_atomic(out, page.html(records, sections) if form == ".html" else page.png(records, sections))
    frames = sum(section.frames for section in sections)
    return f"{counted(frames, 'frame')} in {counted(len(sections), 'section')}"


def _out(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in _FORMS:
        raise argparse.ArgumentTypeError(f"{text!r} must end in {', '.join(_FORMS)}")
    return path
