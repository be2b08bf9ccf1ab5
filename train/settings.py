"""Every choice of ``fit``; ``--set key=value`` overrides one. Stored resolved in the run folder."""

from dataclasses import dataclass, fields, replace
from typing import Any

from edge.core.errors import ConfigError
from edge.head.inputs import INPUTS
from evaluation.label_sets import LABEL_SETS
from train.dataset.balance import STRATEGIES


@dataclass(frozen=True, slots=True)
class Settings:
    """What the shipped bundles have beside these defaults stands in ``scripts/retrain``."""

    seed: int = 0
    """Of the initial weights, the order of rows and all noise."""
    validation: float = 0.1
    """Part of the training rows kept out for early stopping, calibration and convert's parity gate."""

    labels: int = 7
    """Number of classes: 7, 8, 6 or 3, see ``evaluation.label_sets.LABEL_SETS``."""
    truth: str = "label"
    """label: what the data set says; votes: the majority of the FER+ votes."""
    inputs: tuple[str, ...] = ("landmarks", "coarse_map", "fine_map")
    """What the network takes of a face: names of ``edge.head.inputs.INPUTS``."""

    hidden: tuple[int, ...] = (256, 128)
    """Units of each hidden layer, ReLU; ``hidden=`` without a number: none."""
    texture_channels: tuple[int, ...] = (32, 48, 96, 192)
    """Of ``texture``: two convolutions at a half of its side, then residual blocks, each at a half of the
    side before it."""
    channels: tuple[int, ...] = (32, 64)
    """Of ``fine_map``: at 12×12, then at 6×6."""
    narrow: int = 64
    """Units to which the landmarks, and channels to which ``coarse_map`` are brought before the first hidden
    layer."""
    dropout: float = 0.2
    """Part of the units of a hidden layer, and of what comes of ``texture``, that a step switches off."""
    clip: float = 5.0
    """Standardized features are cut off at ± this many standard deviations."""

    epochs: int = 40
    """At most; one pass over the training rows each."""
    keep: str = "best"
    """best: the weights of the epoch with the lowest validation loss; last: those of the last one, where the
    loss against the truth says little, as with teachers who answer otherwise."""
    patience: int = 20
    """Epochs without a lower validation loss before it stops; with ``keep=last`` it never does."""
    batch: int = 256
    """Rows in a step."""
    learning_rate: float = 2e-3
    """At its highest: it rises for two epochs, then falls along a cosine to 0."""
    weight_decay: float = 1e-4
    """Of AdamW."""
    precision: str = "float32"
    """Of the arithmetic; ``bfloat16`` takes half of the time on processors that have it (AMX, AVX-512 BF16),
    and far longer on others. Weights and losses are float32 either way."""
    averaging: float = 0.998
    """Momentum of the moving average of the weights, which is what is kept; 0: none."""

    balance: str = "none"
    """What is done about rare classes, one of ``train.dataset.balance.STRATEGIES``."""
    adjustment: float = 0.3
    """How far the answers are moved towards rare classes after the training; 1: as if all were equally
    frequent."""
    odds: tuple[float, ...] = ()
    """What the odds of each class, in their order, are multiplied by after the training, before the
    temperature; nothing: 1. For a place where other expressions are common than in the data (vector scaling:
    Guo et al., 2017)."""
    plain: float = 0.0
    """Part of the rows that an epoch takes as they are, where there are views."""
    jitter: float = 0.03
    """Standard deviation of the noise on landmarks, in standard deviations of the feature."""
    shake: float = 0.0
    """The largest standard deviation of noise on landmarks that are then aligned again, in distances between
    the outer eye corners:
    ``jitter`` of docs/reference/robustness-protocol.md; see ``train.network.landmark_noise``."""
    lost: float = 0.0
    """Part of the rows of a step in which the landmarks of a part of the face are lost."""
    votes: float = 0.5
    """Weight of a second task in the loss: the distribution of the FER+ votes, where a row has any."""

    teacher: float = 0.5
    """Part of the target that the teachers' answers are, where fit is given some."""
    votes_in_target: float = 0.0
    """Part of the target that the distribution of the FER+ votes over the classes is, where a row has any and
    ``truth=label``; the label is what is left."""

    temperature: float = 0.0
    """That the logits are divided by; 0: the best one for the validation rows."""
    min_confidence: float = 0.0
    """LOW_CONFIDENCE begins below it; 0: it is chosen by ``selective_accuracy``."""
    selective_accuracy: float = 0.8
    """LOW_CONFIDENCE is chosen so that faces above it are labelled right this often."""

    def __post_init__(self) -> None:
        for name, low, high in _RANGES:
            if not low <= getattr(self, name) <= high:  # also false for NaN
                raise ConfigError(f"{name} must be {low}…{high}, not {getattr(self, name)}")
        for name, choices in _CHOICES:
            if getattr(self, name) not in choices:
                raise ConfigError(
                    f"{name} must be one of {', '.join(map(str, choices))}, not {getattr(self, name)}"
                )
        if not self.inputs or len(set(self.inputs)) < len(self.inputs) or not INPUTS.keys() >= {*self.inputs}:
            given = ",".join(self.inputs)
            raise ConfigError(f"inputs must be different names of {', '.join(INPUTS)}, not {given!r}")
        if len(self.channels) != 2 or min(self.channels) < 1:
            raise ConfigError(f"channels must be two numbers, each 1 or more, not {self.channels}")
        if len(self.texture_channels) < 2 or min(self.texture_channels) < 1:
            raise ConfigError(
                f"texture_channels must be two numbers or more, each 1 or more, not {self.texture_channels}"
            )
        if min(self.hidden, default=1) < 1:
            raise ConfigError(f"hidden must be numbers of units, each 1 or more, not {self.hidden}")
        if self.odds and (len(self.odds) != self.labels or not all(0 < each < 1e3 for each in self.odds)):
            raise ConfigError(
                f"odds must be {self.labels} numbers above 0, one for each class, not {self.odds}"
            )
        if self.teacher + self.votes_in_target > 1:
            raise ConfigError(
                f"teacher and votes_in_target must be 1 together or less, not {self.teacher} and "
                f"{self.votes_in_target}"
            )

    def override(self, assignments: list[str]) -> "Settings":
        """A copy with ``["key=value", …]`` applied; a tuple is written ``hidden=256,128``.

        ``embedding=true`` and ``embedding=false``, as up to version 0.5, stand for ``inputs``.

        Raises:
            ConfigError: no such key, or a value of the wrong type or out of range.
        """
        changes: dict[str, Any] = {}
        for assignment in assignments:
            key, equals, text = _FORMER.get(assignment.lower(), assignment).partition("=")
            if not equals or key not in {field.name for field in fields(self)}:
                known = ", ".join(field.name for field in fields(self))
                raise ConfigError(f"--set {assignment}: expected KEY=VALUE with a KEY of {known}")
            changes[key] = _parse(key, text, getattr(self, key))
        return replace(self, **changes)


_RANGES = (
    ("seed", 0, 2**32 - 1),
    ("validation", 0.01, 0.5),
    ("narrow", 1, 100_000),
    ("dropout", 0.0, 0.95),
    ("clip", 1.0, 1e3),
    ("epochs", 1, 100_000),
    ("patience", 1, 100_000),
    ("batch", 1, 1_000_000),
    ("learning_rate", 1e-8, 10.0),
    ("weight_decay", 0.0, 10.0),
    ("averaging", 0.0, 0.99999),
    ("adjustment", 0.0, 1.0),
    ("plain", 0.0, 1.0),
    ("jitter", 0.0, 10.0),
    ("shake", 0.0, 0.2),
    ("lost", 0.0, 1.0),
    ("votes", 0.0, 100.0),
    ("teacher", 0.0, 1.0),
    ("votes_in_target", 0.0, 1.0),
    ("temperature", 0.0, 100.0),
    ("min_confidence", 0.0, 1.0),
    ("selective_accuracy", 0.0, 1.0),
)

_CHOICES = (
    ("labels", tuple(LABEL_SETS)),
    ("truth", ("label", "votes")),
    ("keep", ("best", "last")),
    ("precision", ("float32", "bfloat16")),
    ("balance", STRATEGIES),
)


_FORMER = {
    "embedding=true": "inputs=landmarks,coarse_map,fine_map",
    "embedding=false": "inputs=landmarks",
}


def _parse(key: str, text: str, default: Any) -> Any:
    try:
        if isinstance(default, tuple):
            number = type(default[0]) if default else float
            return tuple(number(part) for part in text.split(",") if text)
        return type(default)(text)
    except ValueError:
        kind = "numbers like 256,128" if isinstance(default, tuple) else type(default).__name__
        raise ConfigError(f"--set {key}={text}: expected {kind}") from None
