"""The files in ``benchmarks/peers/recognizers``: which recognizers take part in the comparison."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.peers.worker import load
from edge.core.errors import ConfigError
from evaluation.label_sets import EMOTIONS

FOLDER = Path(__file__).parent / "recognizers"
_SEE = "see docs/guides/peers.md"
NPM_FILES = ("package.json", "package-lock.json")
OURS = ("everyday", "fer2013", "landmarks")
"""Peers that come first: the ratios are over the first one that runs."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A recognizer as its file declares it; see ``docs/guides/peers.md``."""

    name: str
    """Name of the file, with hyphens."""
    title: str
    """Name for people, with a version."""
    file: Path
    pythons: tuple[str, ...]
    """Versions of Python that it runs on, such as ``"3.11"``; at least 3.11."""
    requirements: tuple[str, ...]
    """Lines for pip."""
    without_dependencies: tuple[str, ...]
    """Lines for pip, of packages whose own requirements are not installed."""
    npm: Path | None
    """Folder with ``package.json`` and ``package-lock.json`` for npm; None: npm installs nothing."""
    trained_on: str
    note: str | None
    labels: tuple[str, ...]
    """Names of ``EMOTIONS`` in the order of the probabilities that it gives."""

    def facts(self, software: dict[str, Any]) -> dict[str, Any]:
        """The facts about it in a result; ``software``: see ``RemoteSystem``, empty if it did not run."""
        return {
            "name": self.name,
            "requirements": [*self.requirements, *self.without_dependencies, *self._npm_requirements()],
            "trained_on": self.trained_on,
            "note": self.note,
            "python": None,
            "packages": None,
            **software,
        }

    def _npm_requirements(self) -> list[str]:
        if self.npm is None:
            return []
        wanted = json.loads((self.npm / "package.json").read_text("utf-8"))["dependencies"]
        return [f"{name}@{version}" for name, version in wanted.items()]


def choose(only: str | None) -> list[Peer]:
    """The peers that a flag names, separated by commas; None: all of them. Those of ``OURS`` come first.

    Raises:
        ConfigError: there is no such peer, or a declaration is missing in its file.
    """
    files = {path.stem.replace("_", "-"): path for path in FOLDER.glob("[!_]*.py")}
    every = sorted(files, key=lambda name: (name not in OURS, name))
    chosen = every if only is None else [name.strip() for name in only.split(",")]
    for name in chosen:
        if name not in files:
            raise ConfigError(f"no peer {name!r}: choose from {', '.join(every)}")
    return [read(files[name]) for name in every if name in chosen]


def read(path: Path) -> Peer:
    """The peer in a file.

    Raises:
        ConfigError: the file does not load, or something in it is missing or wrong.
    """
    try:
        module = load(path)
    except Exception as error:
        raise ConfigError(f"{path} is no peer ({type(error).__name__}: {error}): {_SEE}") from None
    if not callable(getattr(getattr(module, "Recognizer", None), "answer", None)):
        raise ConfigError(f"{path}: expected a class Recognizer with a method answer; {_SEE}")
    labels = _get(module, path, "LABELS", dict)
    wrong = [name for name in labels.values() if name not in EMOTIONS]
    if wrong or len(set(labels.values())) < len(labels) or not labels:
        raise ConfigError(
            f"{path}: LABELS must map its labels to different ones of {', '.join(EMOTIONS)}, "
            f"not to {', '.join(map(str, labels.values())) or 'nothing'}"
        )
    return Peer(
        name=path.stem.replace("_", "-"),
        title=_get(module, path, "NAME", str),
        file=path,
        pythons=_strings(module, path, "PYTHONS"),
        requirements=_strings(module, path, "REQUIREMENTS"),
        without_dependencies=_strings(module, path, "WITHOUT_DEPENDENCIES", ()),
        npm=_npm(module, path),
        trained_on=_get(module, path, "TRAINED_ON", str),
        note=_get(module, path, "NOTE", str, "") or None,
        labels=tuple(labels.values()),
    )


def _get(module: ModuleType, path: Path, name: str, kind: type, default: Any = None) -> Any:
    """What the file declares by a name of the module or of its class ``Recognizer``."""
    value = getattr(module, name, getattr(module.Recognizer, name, default))
    if not isinstance(value, kind):
        raise ConfigError(f"{path}: {name} must be a {kind.__name__}, not {value!r}; {_SEE}")
    return value


def _npm(module: ModuleType, path: Path) -> Path | None:
    name = _get(module, path, "NPM", str, "")
    if not name:
        return None
    folder = path.parent / name
    for file in NPM_FILES:
        if not (folder / file).is_file():
            raise ConfigError(f"{path}: NPM must name a folder with {' and '.join(NPM_FILES)}; {_SEE}")
    return folder


def _strings(module: ModuleType, path: Path, name: str, default: Any = None) -> tuple[str, ...]:
    values: Sequence[Any] = _get(module, path, name, tuple, default)
    if not all(isinstance(value, str) for value in values):
        raise ConfigError(f"{path}: {name} must be a tuple of strings, not {values!r}; {_SEE}")
    return tuple(values)
