"""The command ``robustness``."""

import argparse
from pathlib import Path

from benchmarks.cli import flags
from edge.core.errors import ConfigError

HELP = "score a bundle on pictures that are noisy, blurred or covered, and with landmarks that are off"


def add_flags(sub: argparse.ArgumentParser) -> None:
    flags.add_data_flags(sub, required=False)
    flags.add_pictures_flags(sub)
    text = "only these (docs/reference/robustness-protocol.md); default: all"
    sub.add_argument("--corruptions", metavar="A,B", help=text)
    text = "JSON of the system that errors are measured by; default: that of fer, where it is there"
    sub.add_argument("--reference", type=Path, metavar="FILE", help=text)
    text = "draw every corruption there; then --data is not needed"
    sub.add_argument("--sheet", type=Path, metavar="FOLDER", help=text)
    flags.add_common_flags(sub)


def run(args: argparse.Namespace) -> int:
    from benchmarks.robustness import robustness
    from benchmarks.systems import face_finders

    settings = flags.load_checked(args)
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
    pictures = flags.picture_selection(args)
    return flags.show_result(args, robustness.benchmark_pipeline(pictures, settings, names, reference))
