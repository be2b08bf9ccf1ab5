"""``mien models``: list, install and choose the bundles of this device, see ``docs/guides/deploy.md``."""

import argparse
from pathlib import Path
from typing import Any

from edge.build import maps_for
from edge.bundles.format import Bundle
from edge.bundles.store import MAX_STARTS, BundleStore, shipped
from edge.cli import console
from edge.core.errors import MienError
from edge.head.inputs import inputs_of
from edge.settings import Settings, load_settings

_DEFAULT = "the default of the settings"
_RELOAD = "to change a running service to it: sudo systemctl reload mien"


def add_parser(commands: "argparse._SubParsersAction[console.Parser]") -> None:
    """Add the command and its subcommands; each sets ``command``."""
    text = "list, install and choose bundles"
    models = commands.add_parser("models", help=text, description=text)
    subcommands = models.add_subparsers(required=True, metavar="COMMAND")
    common = console.Parser(add_help=False)
    common.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    text = (
        "folder of the installed bundles (default: bundles in $STATE_DIRECTORY or the user's data directory)"
    )
    common.add_argument("--store", type=Path, metavar="DIR", help=text)
    for name, command, text in (
        ("list", _list, "list the shipped and installed bundles, and which one is in use"),
        ("install", _install, "verify a bundle, test its network in a process of its own, and keep it"),
        ("use", _use, "choose the bundle that runs from the next start or reload on"),
        ("rollback", _rollback, "roll back to the bundle that ran before"),
    ):
        sub = subcommands.add_parser(name, help=text, description=text, parents=[common])
        sub.set_defaults(command=command)
        if name == "install":
            text = "a bundle's folder, a tar file of it, or - for a tar archive on the standard input"
            sub.add_argument("bundle", metavar="BUNDLE", help=text)
            sub.add_argument("--name", help="its name on this device (default: the bundle's own name)")
            sub.add_argument("--use", action="store_true", help="use it too")
        elif name == "use":
            sub.add_argument("name", metavar="NAME", help="a shipped or installed bundle")


def _open(args: argparse.Namespace) -> tuple[Settings, BundleStore]:
    settings = load_settings(args.config, {})
    return settings, BundleStore(args.store, settings.expression.public_key)


def _list(args: argparse.Namespace) -> int:
    settings, store = _open(args)
    current = settings.expression.bundle or store.state.current or settings.bundle
    for kind, names in (("shipped", shipped()), ("installed", store.names())):
        for name in names:
            mark = "*" if name == current else " "
            console.say(f"{mark} {name:20} {kind:9} {_facts(store, name, _role(store, name))}")
    if settings.expression.bundle:
        console.say(f"expression.bundle in the settings overrides the choice: {settings.expression.bundle}")
    return 0


def _role(store: BundleStore, name: str) -> str:
    """Whether a bundle is the current or the previous one of the store, else an empty text."""
    state = store.state
    if name == state.current:
        starts = state.unproven_starts
        return "current" if starts is None else f"current, unproven ({starts} of {MAX_STARTS} starts)"
    return "previous" if name == state.previous else ""


def _facts(store: BundleStore, name: str, role: str) -> str:
    """Role, accuracy and labels of a bundle; the error instead, where it cannot be used."""
    try:
        bundle = store.read(name)
        inputs_of(bundle)
    except MienError as error:
        return "; ".join(filter(None, [role, str(error)]))
    return "; ".join(filter(None, [role, _accuracy(bundle), _loss(bundle), " ".join(bundle.labels)]))


def _loss(bundle: Bundle) -> str:
    """The agreement of the int8 network with the trained one, if it was accepted below the usual limit."""
    conversion: Any = bundle.info.get("conversion")
    if not isinstance(conversion, dict) or conversion.get("accepted_loss") is not True:
        return ""
    parity = conversion.get("parity")
    agreement = parity.get("agreement") if isinstance(parity, dict) else None
    return (
        f"int8 decides as trained in {agreement:.1%}" if isinstance(agreement, float) else "int8 with a loss"
    )


def _accuracy(bundle: Bundle) -> str:
    """The accuracy on each split that the bundle reports."""
    scores: Any = bundle.info.get("metrics")
    scores = scores.get("int8") if isinstance(scores, dict) else None
    splits = scores.items() if isinstance(scores, dict) else ()
    return ", ".join(
        f"{split} {entry['accuracy']:.1%}"
        for split, entry in splits
        if isinstance(entry, dict) and isinstance(entry.get("accuracy"), float)
    )


def _install(args: argparse.Namespace) -> int:
    settings, store = _open(args)
    name = store.install(args.bundle, args.name)
    console.say(f"installed: {name}, in {store.folder / name}")
    if args.use:
        return _choose(settings, store, name)
    return 0


def _use(args: argparse.Namespace) -> int:
    return _choose(*_open(args), args.name)


def _choose(settings: Settings, store: BundleStore, name: str) -> int:
    maps_for(store.read(name), settings.landmarks)
    store.use(name)
    console.say(f"current: {name}; previous: {store.state.previous or _DEFAULT}")
    return _say_how_to_apply(settings)


def _rollback(args: argparse.Namespace) -> int:
    settings, store = _open(args)
    console.say(f"current: {store.rollback() or _DEFAULT}")
    return _say_how_to_apply(settings)


def _say_how_to_apply(settings: Settings) -> int:
    if settings.expression.bundle:
        console.say(
            f"but expression.bundle in the settings overrides it: {settings.expression.bundle}; remove that "
            "key from the settings"
        )
    console.say(_RELOAD)
    return 0
