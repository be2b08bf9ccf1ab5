"""Emotions, the label sets that group them, and the names that data sets give to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt")
"""Every emotion that a picture can be labelled with: the seven of FER2013 in the order of its numeric
codes 0–6, then the eighth of FER+ and AffectNet."""

FER2013 = EMOTIONS[:7]
"""The seven classes of FER2013."""

FERPLUS_VOTES = (
    *("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"),
    *("unknown", "NF"),
)
"""The ten vote columns of FER+'s ``fer2013new.csv``, in its order."""

_ALIASES = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "scared": "fear",
    "happiness": "happy",
    "joy": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "calm": "neutral",
    "contemptuous": "contempt",
}


def canonical(name: str) -> str:
    """The name of an emotion in ``EMOTIONS``: ``"Happiness"`` → ``"happy"``.

    Raises:
        DataError: the name belongs to no emotion.
    """
    key = name.strip().lower()
    key = _ALIASES.get(key, key)
    if key not in EMOTIONS:
        raise DataError(f"unknown class {name!r}: expected one of {', '.join(EMOTIONS)}")
    return key


_EMOTION_OF_VOTE = np.array([EMOTIONS.index(canonical(name)) for name in FERPLUS_VOTES[:8]] + [-1, -1])
"""Index into ``EMOTIONS`` of each column of votes; −1: the column is not an emotion."""


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Classes, and which of them each emotion belongs to."""

    labels: tuple[str, ...]
    """The classes, in order."""
    of_emotion: tuple[str | None, ...]
    """The class of each of ``EMOTIONS``; None: its pictures are excluded."""

    @property
    def numbers(self) -> NDArray[np.int64]:
        """Index of the class of each emotion, int64 (8,); −1: its pictures are excluded."""
        return np.array([-1 if name is None else self.labels.index(name) for name in self.of_emotion])

    def matrix(self) -> NDArray[np.float32]:
        """Matrix from emotions to classes, for probabilities and votes: float32 (8, C) of zeros and ones."""
        table = np.zeros((len(EMOTIONS), len(self.labels)), np.float32)
        numbers = self.numbers
        table[numbers >= 0, numbers[numbers >= 0]] = 1
        return table


def _same(labels: Sequence[str]) -> LabelSet:
    return LabelSet(tuple(labels), tuple(name if name in labels else None for name in EMOTIONS))


LABEL_SETS = {
    7: _same(FER2013),
    8: _same(EMOTIONS),
    6: _same([name for name in FER2013 if name != "neutral"]),
    3: LabelSet(
        ("negative", "neutral", "positive"),
        ("negative", "negative", "negative", "positive", "negative", None, "neutral", "negative"),
    ),
}
"""Label sets by their number of classes. Seven: FER2013. Eight: FER+ and AffectNet, with contempt. Six: the
basic emotions of Ekman, without neutral. Three: valence; surprise is excluded, since it may be either."""


def majority(votes: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """The emotion that most of the people chose who labelled a picture for FER+.

    Args:
        votes: (N, 10), in the order of ``FERPLUS_VOTES``.

    Returns:
        int64 (N,), index into ``EMOTIONS``; −1 where there are no votes, where two choices share the
        first place, or where "unknown" or "NF" (no face) has it.
    """
    top = votes.max(axis=1, initial=0)
    is_clear = (top > 0) & ((votes == top[:, None]).sum(axis=1) == 1)
    result: NDArray[np.int64] = np.where(is_clear, _EMOTION_OF_VOTE[votes.argmax(axis=1)], -1)
    return result


def shares(numbers: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Each row's numbers divided by their sum, (N, C) → float32 (N, C); rows of zeros stay as they are."""
    return np.asarray(numbers / np.maximum(numbers.sum(axis=1, keepdims=True), 1e-6), np.float32)


def vote_distribution(votes: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
    """Shares of the eight emotions in the votes for them: (N, 10) → float32 (N, 8), order of
    ``EMOTIONS``; zeros where nobody voted for an emotion."""
    columns = _EMOTION_OF_VOTE[: len(EMOTIONS)].argsort()
    return shares(votes[:, columns].astype(np.float32))
