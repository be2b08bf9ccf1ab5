"""The command ``latency``."""

import argparse
from typing import Any

from benchmarks.cli import flags
from edge.cli import console
from edge.settings import BACKENDS, load_settings
from edge.sources import FORMS


def add_command(commands: Any) -> None:
    """Add ``latency`` to argparse's sub-commands."""
    text = "time the pipeline, frame by frame, beside the bare landmark model"
    sub = commands.add_parser("latency", help=text, description=text)
    sub.set_defaults(command=_run)
    sub.add_argument(
        "--source", default="demo", metavar="SPEC", help=f"default: demo; {FORMS.replace('%', '%%')}"
    )
    sub.add_argument(
        "--frames", type=console.positive, default=500, metavar="N", help="measured frames, at least (500)"
    )
    sub.add_argument(
        "--seconds",
        "--sustained",
        type=console.positive,
        default=0,
        metavar="T",
        help="go on for so long, at least (0); 600 shows heat and growing memory",
    )
    sub.add_argument(
        "--warmup", type=console.positive, default=30, metavar="N", help="frames before them (30)"
    )
    sub.add_argument(
        "--against", choices=BACKENDS, help="a second landmark backend that gets the same frames, in turn"
    )
    sub.add_argument(
        "--against-bundle", metavar="NAME", help="the second pipeline's bundle; default: the first one's"
    )
    flags.add_common_flags(sub)
    text = "CPU threads of the face models (1)"
    sub.add_argument("--threads", dest="landmarks.threads", type=int, metavar="N", help=text)


def _run(args: argparse.Namespace) -> int:
    from benchmarks.latency import latency

    given = flags.settings_flags(args)
    settings = load_settings(args.config, given)
    against = None
    backends = {settings.landmarks.backend, args.against or settings.landmarks.backend}
    if not settings.expression.bundle and backends != {"litert"}:
        given["expression.bundle"] = "landmarks"  # the one head that all backends can feed
        settings = load_settings(args.config, given)
    if args.against or args.against_bundle:
        other = {"landmarks.backend": args.against, "expression.bundle": args.against_bundle}
        against = load_settings(args.config, given | {key: value for key, value in other.items() if value})
    flags.check_writable(args.json)
    result = latency.benchmark(settings, args.frames, args.warmup, against, args.seconds)
    return flags.show_result(args, result, latency.table(result))
