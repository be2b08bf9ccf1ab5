"""The command ``robustness``."""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.cli import flags
from edge.core.errors import ConfigError
from edge.settings import load_settings


def add_command(commands: Any) -> None:
    """Add ``robustness`` to argparse's sub-commands."""
    text = "score a bundle on pictures that are noisy, blurred or covered, and with landmarks that are off"
    sub = commands.add_parser("robustness", help=text, description=text)
    sub.set_defaults(command=_run)
    flags.add_data_flags(sub, required=False)
    flags.add_pictures_flags(sub)
    sub.add_argument(
        "--corruptions",
        metavar="A,B",
        help="only these (docs/reference/robustness-protocol.md); default: all",
    )
    sub.add_argument(
        "--reference",
        type=Path,
        metavar="FILE",
        help="JSON of the system that errors are measured by; default: that of fer, where it is there",
    )
    sub.add_argument(
        "--sheet",
        type=Path,
        metavar="FOLDER",
        help="draw every corruption there; then --data is not needed",
    )
    flags.add_common_flags(sub)


def _run(args: argparse.Namespace) -> int:
    from benchmarks.robustness import robustness
    from benchmarks.systems import face_finders

    settings = load_settings(args.config, flags.settings_flags(args))
    face_finders.check_regions(settings.landmarks, "robustness")
    names = robustness.choose_names(args.corruptions)
    reference = robustness.find_reference(args.reference)
    if args.sheet:
        from benchmarks.robustness import contact_sheet

        contact_sheet.write_sheets(args.sheet, names, settings, args.seed)
        if args.data is None:
            return 0
    if args.data is None:
        raise ConfigError("nothing to do: name pictures with --data, or a folder for --sheet")
    flags.check_writable(args.json)
    pictures = flags.picture_selection(args)
    result = robustness.benchmark_pipeline(pictures, settings, names, args.seed, reference, args.workers)
    return flags.show_result(args, result, robustness.table(result))
