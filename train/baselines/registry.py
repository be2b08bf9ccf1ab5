"""The methods, and their experiments as ``settings.toml`` has them."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.bundles.store import shipped
from edge.core.errors import ConfigError
from train.baselines.classical.model import Classical
from train.baselines.distances.model import Distances
from train.baselines.graph.model import Graph
from train.baselines.method import Method
from train.baselines.movement.model import Movement
from train.baselines.pixels.model import Pixels
from train.baselines.transfer.model import Transfer

METHODS: dict[str, type[Method]] = {
    "classical": Classical,
    "distances": Distances,
    "movement": Movement,
    "graph": Graph,
    "pixels": Pixels,
    "transfer": Transfer,
}
"""Name of a method, which is that of its folder → its class, in the order of the table."""

BUNDLE = "bundle"
"""Name of the method whose experiments are the shipped bundles, which are trained already."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment of a method."""

    method: str
    name: str
    settings: dict[str, Any]
    max_rows: int | None
    """Largest number of training rows, for what would take hours on more; None: all."""
    weights: Path | None = None
    """Folder of pre-trained weights; no setting, since the row is the same wherever they lie."""

    @property
    def full_name(self) -> str:
        """``METHOD/EXPERIMENT``, as ``--only`` takes it."""
        return f"{self.method}/{self.name}"

    @property
    def needs(self) -> frozenset[str]:
        """What it needs of the data."""
        return self.build(2).needs

    @property
    def exports(self) -> bool:
        """Whether a bundle can be made of it."""
        return self.method in METHODS and self.build(2).exports

    def build(self, classes: int) -> Method:
        """The untrained classifier for a number of classes."""
        return METHODS[self.method](self.settings | {"weights": self.weights}, classes)


def experiments(only: str | None, quick: bool) -> list[Experiment]:
    """The experiments in the order of the table, and behind them the shipped bundles.

    Args:
        only: names of methods or experiments, with commas between them; None: all.
        quick: apply the table ``quick`` of each method, such as fewer epochs.

    Raises:
        ConfigError: no such method or experiment.
    """
    every = [each for method in METHODS for each in _of_method(method, quick)]
    every += [Experiment(BUNDLE, name, {}, None) for name in shipped()]
    if only is None:
        return every
    names = only.split(",")
    unknown = set(names) - {each.method for each in every} - {each.full_name for each in every}
    if unknown:
        known = ", ".join([*METHODS, BUNDLE])
        raise ConfigError(
            f"no baseline {min(unknown)!r}: expected METHOD or METHOD/EXPERIMENT, with a method of {known}"
        )
    return [each for each in every if each.method in names or each.full_name in names]


def published(method: str) -> str:
    """The published figure of a method with its protocol, in words."""
    return str(_read(method)["published"])


def _of_method(method: str, quick: bool) -> list[Experiment]:
    content = _read(method)
    changes = content.get("quick", {}) if quick else {}
    result = []
    for name, table in content["experiments"].items():
        settings = content.get("defaults", {}) | table
        settings |= {key: value for key, value in changes.items() if key in settings}
        result.append(Experiment(method, name, settings, settings.get("max_rows")))
    return result


def _read(method: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / method / "settings.toml").read_text("utf-8"))
