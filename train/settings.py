"""The settings of a training: ``--set key=value`` changes one, and the run folder keeps all of them."""

import sys
from dataclasses import dataclass, fields, replace
from typing import Any

from edge.cli.console import say
from edge.core.errors import ConfigError
from edge.head.inputs import INPUTS
from evaluation.label_sets import LABEL_SETS
from train.dataset.balance import STRATEGIES


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """All settings of a training. ``scripts/retrain`` has those of the shipped bundles."""

    seed: int = 0
    """Seed of the initial weights, the order of the rows, and all noise."""
    validation: float = 0.1
    """Share of the training rows kept out for early stopping, calibration and convert's parity gate."""

    labels: int = 7
    """Number of classes: 7, 8, 6 or 3, see ``evaluation.label_sets.LABEL_SETS``."""
    truth: str = "label"
    """Ground truth. ``label``: the label of the data set; ``votes``: the majority of the FER+ votes."""
    inputs: tuple[str, ...] = ("landmarks", "coarse_map", "fine_map")
    """Inputs of the network: names of ``edge.head.inputs.INPUTS``."""

    hidden: tuple[int, ...] = (256, 128)
    """Number of units of each hidden layer, with ReLU; ``hidden=`` without a number: no hidden layer."""
    texture_channels: tuple[int, ...] = (32, 48, 96, 192)
    """Channels of the part of the network that takes ``texture``: two convolutions at half of its side, then
    residual blocks, each at half of the side of the one before."""
    channels: tuple[int, ...] = (32, 64)
    """Channels of the part of the network that takes ``fine_map``: at 12×12, then at 6×6."""
    bottleneck: int = 64
    """Units to which the landmarks, and channels to which ``coarse_map`` are reduced before the first hidden
    layer."""
    dropout: float = 0.2
    """Share of the units of each hidden layer, and of the output of the texture part, that a step drops."""
    clip: float = 5.0
    """Limit of the standardized features: ± this many standard deviations."""

    epochs: int = 40
    """Largest number of epochs; each is one pass over the training rows."""
    keep: str = "best"
    """Weights that are kept. ``best``: of the epoch with the lowest validation loss; ``last``: of the last
    epoch, for trainings whose loss on the ground truth says little, as with teachers who disagree with it."""
    patience: int = 20
    """Epochs without a lower validation loss after which the training stops; not used with ``keep=last``."""
    batch: int = 256
    """Rows in each step."""
    learning_rate: float = 2e-3
    """Highest learning rate: it rises for two epochs, then falls along a cosine to 0."""
    weight_decay: float = 1e-4
    """Weight decay of AdamW."""
    precision: str = "float32"
    """Number format of the layers. ``bfloat16`` halves the time on processors that have it (AMX, AVX-512
    BF16) and takes far longer on others. Weights and losses are float32 either way."""
    ema_decay: float = 0.998
    """Decay of the exponential moving average of the weights, which is what is kept; 0: no average."""

    balance: str = "none"
    """Strategy against classes of unequal size, one of ``train.dataset.balance.STRATEGIES``."""
    logit_adjustment: float = 0.3
    """Strength of the shift of the logits towards rare classes after the training; 1: as if all classes were
    equally frequent."""
    class_odds: tuple[float, ...] = ()
    """Factor on the odds of each class, in the order of the classes, applied after the training and before
    the temperature; empty: all 1. For places where other expressions are common than in the data (vector
    scaling: Guo et al., 2017)."""
    unaugmented: float = 0.0
    """Share of the rows that an epoch takes unaugmented, where the landmarks folder has augmented views."""
    feature_noise: float = 0.03
    """Standard deviation of the noise on landmarks, in standard deviations of each feature."""
    landmark_jitter: float = 0.0
    """Largest standard deviation of noise on the landmarks before they are aligned again, in distances
    between the outer eye corners: ``jitter`` of docs/reference/robustness-protocol.md; see
    ``train.network.landmark_noise``."""
    landmark_dropout: float = 0.0
    """Share of the rows in each step that lose the landmarks of one area of the face."""
    votes_weight: float = 0.5
    """Weight of the second task in the loss: the distribution of the FER+ votes of the rows that have any."""

    teacher_weight: float = 0.5
    """Share of the teachers' answers in the target, where ``fit`` is given teachers."""
    votes_in_target: float = 0.0
    """Share of the FER+ votes in the target of rows that have any, with ``truth=label``; the label has what
    is left."""

    temperature: float = 0.0
    """Divisor of the logits; 0: the best one for the validation rows."""
    min_confidence: float = 0.0
    """Confidence below which an answer is LOW_CONFIDENCE; 0: chosen by ``selective_accuracy``."""
    selective_accuracy: float = 0.8
    """Accuracy that the validation faces above the chosen ``min_confidence`` must have."""

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
        odds = self.class_odds
        if odds and (len(odds) != self.labels or not all(0 < each < 1e3 for each in odds)):
            raise ConfigError(
                f"class_odds must be {self.labels} numbers above 0, one for each class, not {odds}"
            )
        if self.teacher_weight + self.votes_in_target > 1:
            raise ConfigError(
                "teacher_weight and votes_in_target must together be 1 or less, not "
                f"{self.teacher_weight} and {self.votes_in_target}"
            )

    def override(self, assignments: list[str]) -> "TrainingSettings":
        """A copy with ``["key=value", …]`` applied; a tuple is written ``hidden=256,128``.

        The names of earlier versions are still understood; a line on stderr has the new name.

        Raises:
            ConfigError: no such key, or a value of the wrong type or out of range.
        """
        known = [field.name for field in fields(self)]
        changes: dict[str, Any] = {}
        for assignment in assignments:
            key, equals, text = _with_current_name(assignment).partition("=")
            if not equals or key not in known:
                raise ConfigError(f"--set {assignment}: expected KEY=VALUE with a KEY of {', '.join(known)}")
            changes[key] = _parse(key, text, getattr(self, key))
        return replace(self, **changes)


def with_current_names(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as a file of any version has them, with the names of this version."""
    return {_RENAMED.get(key, key): value for key, value in settings.items()}


_RENAMED = {
    "jitter": "feature_noise",
    "shake": "landmark_jitter",
    "lost": "landmark_dropout",
    "averaging": "ema_decay",
    "plain": "unaugmented",
    "adjustment": "logit_adjustment",
    "odds": "class_odds",
    "votes": "votes_weight",
    "teacher": "teacher_weight",
    "narrow": "bottleneck",
}
"""Name of a setting up to version 0.7 → its name now."""

_REPLACED = {
    "embedding=true": "inputs=landmarks,coarse_map,fine_map",
    "embedding=false": "inputs=landmarks",
}
"""Assignment up to version 0.5 → the assignment that says the same now."""


def _with_current_name(assignment: str) -> str:
    key, equals, text = assignment.partition("=")
    current = _REPLACED.get(assignment.lower(), f"{_RENAMED.get(key, key)}{equals}{text}")
    if equals and current != assignment:
        say(f"warning: --set {assignment} is now written --set {current}", sys.stderr)
    return current


_RANGES = (
    ("seed", 0, 2**32 - 1),
    ("validation", 0.01, 0.5),
    ("bottleneck", 1, 100_000),
    ("dropout", 0.0, 0.95),
    ("clip", 1.0, 1e3),
    ("epochs", 1, 100_000),
    ("patience", 1, 100_000),
    ("batch", 1, 1_000_000),
    ("learning_rate", 1e-8, 10.0),
    ("weight_decay", 0.0, 10.0),
    ("ema_decay", 0.0, 0.99999),
    ("logit_adjustment", 0.0, 1.0),
    ("unaugmented", 0.0, 1.0),
    ("feature_noise", 0.0, 10.0),
    ("landmark_jitter", 0.0, 0.2),
    ("landmark_dropout", 0.0, 1.0),
    ("votes_weight", 0.0, 100.0),
    ("teacher_weight", 0.0, 1.0),
    ("votes_in_target", 0.0, 1.0),
    ("temperature", 0.0, 100.0),
    ("min_confidence", 0.0, 1.0),
    ("selective_accuracy", 0.0, 1.0),
)
"""Name, least and largest value of each number."""

_CHOICES = (
    ("labels", tuple(LABEL_SETS)),
    ("truth", ("label", "votes")),
    ("keep", ("best", "last")),
    ("precision", ("float32", "bfloat16")),
    ("balance", STRATEGIES),
)
"""Name and allowed values of each setting with a few choices."""


def _parse(key: str, text: str, default: Any) -> Any:
    try:
        if isinstance(default, tuple):
            number = type(default[0]) if default else float
            return tuple(number(part) for part in text.split(",") if text)
        return type(default)(text)
    except ValueError:
        kind = "numbers like 256,128" if isinstance(default, tuple) else type(default).__name__
        raise ConfigError(f"--set {key}={text}: expected {kind}") from None
