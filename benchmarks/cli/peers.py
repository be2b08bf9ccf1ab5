"""The command ``peers``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cli import flags
from edge.core.errors import ConfigError

_ROUNDS = 20
_FRAMES = 25
_NOT_DAMAGED = ("only", "rounds", "frames")
"""Flags that have no meaning with ``--robustness``."""
_OF_DATA = ("split", "pictures", "classes", "labels", "truth", "seed", "workers")
"""Flags that have no meaning without ``--data``."""

HELP = "measure the app beside other packages, each in an environment of its own, in one run"


def add_flags(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--only", metavar="A,B", help="only these of benchmarks/peers/recognizers; default: all")
    text = "for their environments; default: the user's cache"
    sub.add_argument("--environments", type=Path, metavar="DIR", help=text)
    text = "make a peer's environment with another Python"
    sub.add_argument("--python", action="append", default=[], metavar="NAME=PATH", help=text)
    text = "only this one, on damaged pictures: the result is one of the command robustness"
    sub.add_argument("--robustness", metavar="NAME", help=text)
    sub.add_argument("--rounds", **flags.COUNT, help=f"blocks of frames of each ({_ROUNDS})")
    sub.add_argument("--frames", **flags.COUNT, help=f"measured frames in a block ({_FRAMES})")
    flags.add_data_flags(sub, required=False)
    flags.add_pictures_flags(sub)
    flags.add_json_flag(sub)


def run(args: argparse.Namespace) -> int:
    from benchmarks.peers import environments, peers, registry

    _check_flags(args)
    chosen = registry.choose(args.only if args.robustness is None else args.robustness)
    folder = args.environments or environments.default_folder()
    pythons = _pythons(args.python, [peer.name for peer in chosen])
    flags.check_writable(args.json)
    # Seven classes, so that all peers are scored on the same ones.
    pictures = None if args.data is None else flags.picture_selection(args, labels=7)
    if args.robustness is not None and pictures is not None:
        (peer,) = chosen
        return flags.show_result(args, peers.robustness_of(peer, pictures, folder, pythons))
    rounds, frames = args.rounds or _ROUNDS, args.frames or _FRAMES
    plan = peers.PeersPlan(chosen, folder, pythons, rounds, frames, pictures)
    return flags.show_result(args, peers.benchmark(plan))


def _check_flags(args: argparse.Namespace) -> None:
    """Refuse flags that would be ignored.

    Raises:
        ConfigError: there are some.
    """
    default = args.parser.get_default

    def given(names: Sequence[str]) -> str:
        return ", ".join(f"--{name}" for name in names if getattr(args, name) != default(name))

    if args.robustness is not None:
        if args.data is None:
            raise ConfigError("--robustness needs pictures: name them with --data")
        if "," in args.robustness:
            raise ConfigError(f"--robustness takes one peer, not {args.robustness!r}: run it for each")
        if ignored := given(_NOT_DAMAGED):
            raise ConfigError(f"--robustness does not go with {ignored}: it takes pictures of --data")
    elif args.data is None and (ignored := given(_OF_DATA)):
        raise ConfigError(f"{ignored}: there are no pictures; name them with --data")


def _pythons(given: Sequence[str], names: Sequence[str]) -> dict[str, Path]:
    pythons = {}
    for text in given:
        name, separator, path = text.partition("=")
        if not separator or not path or name not in names:
            raise ConfigError(f"--python {text}: expected NAME=PATH, NAME one of {', '.join(names)}")
        pythons[name] = Path(path)
    return pythons
