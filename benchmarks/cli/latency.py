"""The command ``latency``."""

import argparse

from benchmarks.cli import flags
from edge.settings import BACKENDS, load_settings
from edge.sources import FORMS

HELP = "time the pipeline, frame by frame, beside the bare landmark model"


def add_flags(sub: argparse.ArgumentParser) -> None:
    text = f"default: demo; {FORMS.replace('%', '%%')}"
    sub.add_argument("--source", default="demo", metavar="SPEC", help=text)
    sub.add_argument("--frames", **flags.COUNT, default=500, help="measured frames, at least (500)")
    text = "go on for so long, at least (0); 600 shows heat and growing memory"
    sub.add_argument("--seconds", "--sustained", **flags.COUNT | {"metavar": "T"}, default=0, help=text)
    sub.add_argument("--warmup", **flags.COUNT, default=30, help="frames before them (30)")
    text = "a second landmark backend that gets the same frames, in turn"
    sub.add_argument("--against", choices=BACKENDS, help=text)
    text = "the second pipeline's bundle; default: the first one's"
    sub.add_argument("--against-bundle", metavar="NAME", help=text)
    flags.add_common_flags(sub)
    text = "CPU threads of the face models (1)"
    sub.add_argument("--threads", dest="landmarks.threads", type=int, metavar="N", help=text)


def run(args: argparse.Namespace) -> int:
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
    return flags.show_result(
        args, latency.benchmark(settings, args.frames, args.warmup, against, args.seconds)
    )
