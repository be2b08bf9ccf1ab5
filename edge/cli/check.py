"""``mien check``: verify everything that a run needs, one line for each part."""

import argparse
import time

import numpy as np

from edge.build import SINK_KINDS, build_pipeline, build_source, load_bundle
from edge.cli import console
from edge.cli.flags import add_settings_flags, settings_from, settings_in_use
from edge.core.address import shown
from edge.core.errors import BundleError
from edge.core.runtime import runtime_name
from edge.core.types import Frame
from edge.sinks.outputs import Outputs


def add_parser(commands: "argparse._SubParsersAction[console.Parser]") -> None:
    """Add the command; it sets ``command``."""
    text = "verify settings, runtime, face models, bundle, source and sinks, then exit"
    parser = commands.add_parser("check", help=text, description=text)
    parser.set_defaults(command=_check)
    add_settings_flags(parser)


def _check(args: argparse.Namespace) -> int:
    settings = settings_in_use(args)
    console.say(f"settings   ok  {args.config or 'defaults'}")
    try:
        bundle = load_bundle(settings.bundle, settings.expression.public_key)
        console.say(f"bundle     ok  {bundle.path}: {', '.join(bundle.labels)}")
        pipeline = build_pipeline(settings)
    except BundleError as error:
        if settings == settings_from(args):  # the settings name the bundle, not the store
            raise
        raise BundleError(
            f"{error}; to go back to the bundle before it, run `mien models rollback`"
        ) from None
    grey = Frame(np.full((480, 640, 3), 128, np.uint8), time.monotonic_ns(), 0, "check", still=True)
    prediction = pipeline.process(grey)
    pipeline.close()
    console.say(f"landmarks  ok  {settings.landmarks.backend} on {runtime_name()}")
    console.say(f"pipeline   ok  {prediction.timings.total_ns / 1e6:.1f} ms for a first frame without a face")
    source = build_source(settings)
    source.close()
    console.say(f"source     ok  {shown(settings.source)} (a camera is first opened by run)")
    Outputs(SINK_KINDS).check(settings.output)
    console.say(f"sinks      ok  {', '.join(settings.output.sinks)}")
    return 0
