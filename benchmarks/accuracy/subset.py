"""The labelled pictures that a benchmark takes: all of the data, or a part with the same class shares."""

import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from benchmarks.accuracy.classes import Classes, with_truth
from benchmarks.systems.evaluator import NumberedSample, PictureEvaluator, evaluate_each
from edge.cli.console import say
from edge.cli.progress import show_progress
from edge.core.errors import DataError
from evaluation import fingerprint, read_dataset

_MESSAGES = 20
"""Number of problems of the data that a result names."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PictureSelection:
    """Which pictures of which data are taken, what is right for them, and how they are evaluated."""

    data: Path
    """File or folder; see ``evaluation.read_dataset``."""
    split: str | None = None
    """Split of the data that is taken; None: all of it."""
    number: int | None = None
    """Number of pictures that are drawn, with the classes in proportion; None: all are taken."""
    seed: int = 0
    """Seed of the draw, and of the noise that a benchmark adds."""
    mapping: Path | None = None
    """File with the names of class folders; see ``evaluation.datasets.mapping``."""
    label_set: int | None = None
    """Key of ``evaluation.label_sets.LABEL_SETS``; None: the bundle's own labels."""
    truth: str = "label"
    """``"label"``: what the data set says; ``"votes"``: the clear majority of the FER+ votes."""
    workers: int | None = None
    """Number of processes that evaluate them; None: one for each usable core. No figure depends on it."""


def draw(labels: Mapping[int, str], number: int, seed: int) -> set[int]:
    """The pictures of a smaller data set with the same shares of the emotions.

    Args:
        labels: the true emotion of each picture, by the picture's number.
        number: how many pictures are wanted; all are taken where there are fewer.
        seed: seed of the run.

    Returns:
        Keys of ``labels``. Each emotion gets its share, rounded by largest remainder (the first by name at a
        tie), and of an emotion those that PCG64, seeded with ``seed`` and the CRC-32 of its name, puts first.
    """
    sizes = sorted(Counter(labels.values()).items())
    number = min(number, len(labels))
    quotas = {name: number * size // len(labels) for name, size in sizes}
    rest = sorted(quotas, key=lambda name: -(number * dict(sizes)[name] % len(labels)))
    for name in rest[: number - sum(quotas.values())]:
        quotas[name] += 1
    chosen: set[int] = set()
    for name, quota in quotas.items():
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        chosen.update(rng.permutation([i for i, label in labels.items() if label == name])[:quota].tolist())
    return chosen


class PictureReader:
    """The pictures of a selection that are scored, and the facts about them in a result."""

    def __init__(self, selection: PictureSelection, classes: Classes) -> None:
        self._selection, self._classes = selection, classes
        self._skipped: list[str] = []
        self._excluded: list[str] = []

    def outcomes(self, build: Callable[[], PictureEvaluator[T]]) -> list[T]:
        """What an evaluator makes of the pictures, in the order of the data; see ``evaluate_each``.

        Raises:
            DataError: there is no picture to score; see also ``evaluation.read_dataset``.
            MienError: see ``evaluate_each``.
        """
        found = list(show_progress(evaluate_each(self._chosen(), build, self._selection.workers), "pictures"))
        if not found:
            raise self._nothing_left()
        return found

    def require_any(self) -> None:
        """See that there is a picture to score, without reading further than that.

        Raises:
            DataError: there is none; see also ``evaluation.read_dataset``.
        """
        if next(self._read([], lambda _: None), None) is None:
            raise self._nothing_left()

    def facts(self) -> dict[str, Any]:
        """The facts about the data, once the pictures have been read."""
        data = self._selection.data
        return {
            "data": {"file": data.name, "sha256": fingerprint(data, self._selection.mapping).sha256},
            "split": self._selection.split,
            "truth": self._selection.truth,
            "labels": list(self._classes.names),
            "left_out": len(self._excluded),
            "skipped": len(self._skipped),
            "skipped_rows": self._skipped[:_MESSAGES],
        }

    def _chosen(self) -> Iterator[NumberedSample]:
        wanted = None
        if self._selection.number:  # a first reading, so that a large data set is never in memory
            labels = {sample.index: sample.label for sample in self._read([], lambda _: None)}
            wanted = draw(labels, self._selection.number, self._selection.seed)
        for sample in self._read(self._excluded, self._skip):
            if wanted is None or sample.index in wanted:
                yield sample

    def _read(self, excluded: list[str], on_bad: Callable[[str], None]) -> Iterator[NumberedSample]:
        chosen = self._selection
        samples = read_dataset(chosen.data, chosen.split, on_bad=on_bad, mapping=chosen.mapping)
        numbered = (
            NumberedSample(sample.picture, sample.label, sample.name, sample.split, sample.votes, index)
            for index, sample in enumerate(samples)
        )
        # with_truth replaces the label only, so they stay NumberedSample.
        return cast(Iterator[NumberedSample], with_truth(numbered, chosen.truth, self._classes, excluded))

    def _skip(self, message: str) -> None:
        say(f"warning: {message}", sys.stderr)
        self._skipped.append(message)

    def _nothing_left(self) -> DataError:
        votes = "a clear majority of FER+ votes (fer2013new.csv beside it)"
        wanted = votes if self._selection.truth == "votes" else "an emotion of these classes"
        return DataError(
            f"{self._selection.data} has no picture to score: expected some with {wanted}; "
            "choose other --truth or --labels"
        )
