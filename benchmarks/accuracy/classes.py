"""Which answer is right: the classes that are scored, and the ground truth of each picture."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import ConfigError, DataError
from evaluation import Sample
from evaluation.label_sets import EMOTIONS, LABEL_SETS, LabelSet, canonical, majority


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes that are scored, and how emotions and the bundle's labels map to them."""

    names: tuple[str, ...]
    of_emotion: dict[str, str | None]
    """The class of each emotion; None: its pictures are excluded. An emotion that the bundle does not know is
    a class of its own, in which no answer is right."""
    matrix: NDArray[np.float32]
    """float32 (B, C) of zeros and ones: the bundle's labels to ``names``. Labels that belong to no class
    have a row of zeros."""

    def true(self, emotion: str) -> str:
        """The class of a picture that is scored, by its emotion."""
        return self.of_emotion[emotion] or emotion

    def probabilities(self, of_bundle: NDArray[np.float32]) -> NDArray[np.float64]:
        """The bundle's probabilities (B,), summed within each class: float64 (C,), of sum 1 also where labels
        belong to no class."""
        sums: NDArray[np.float64] = np.asarray(of_bundle, np.float64) @ self.matrix
        return sums / max(sums.sum(), np.finfo(np.float64).tiny)


def choose_classes(bundle_labels: tuple[str, ...], label_set: int | None) -> Classes:
    """The classes of a label set, by its key in ``LABEL_SETS``; None: the bundle's own labels.

    Raises:
        ConfigError: a label of the bundle belongs to several classes of the set, or to no emotion.
    """
    if label_set is None:
        own = next((entry for entry in LABEL_SETS.values() if entry.labels == bundle_labels), None)
        classes = own.of_emotion if own else (None,) * len(EMOTIONS)
        of_emotion = {e: e if name is None else name for e, name in zip(EMOTIONS, classes, strict=True)}
        return Classes(bundle_labels, dict(of_emotion), np.eye(len(bundle_labels), dtype=np.float32))
    chosen = LABEL_SETS[label_set]
    matrix = np.zeros((len(bundle_labels), len(chosen.labels)), np.float32)
    for row, label in enumerate(bundle_labels):
        name = _class_of(label, chosen, bundle_labels)
        if name is not None:
            matrix[row, chosen.labels.index(name)] = 1
    return Classes(chosen.labels, dict(zip(EMOTIONS, chosen.of_emotion, strict=True)), matrix)


def _class_of(label: str, chosen: LabelSet, bundle_labels: tuple[str, ...]) -> str | None:
    if label in chosen.labels:
        return label
    try:
        return chosen.of_emotion[EMOTIONS.index(canonical(label))]
    except DataError:
        raise ConfigError(
            f"--labels {len(chosen.labels)} ({', '.join(chosen.labels)}) cannot be scored with a bundle of "
            f"the labels {', '.join(bundle_labels)}: {label!r} is none of its classes and no single emotion; "
            "choose another --labels or bundle"
        ) from None


def with_truth(
    samples: Iterable[Sample], truth: str, classes: Classes, excluded: list[str]
) -> Iterator[Sample]:
    """The samples that are scored, each with its true emotion as the label; see ``PictureSelection.truth``.

    ``excluded`` gets the name of each other sample: without a clear majority of votes for an emotion, or of
    an emotion that belongs to no class.
    """
    for sample in samples:
        emotion = sample.label if truth == "label" else _majority(sample)
        if emotion is None or classes.of_emotion[emotion] is None:
            excluded.append(sample.name)
        else:
            yield replace(sample, label=emotion)


def _majority(sample: Sample) -> str | None:
    if sample.votes is None:
        return None
    (number,) = majority(np.array([sample.votes]))
    return None if number < 0 else EMOTIONS[number]
