"""Which labelled pictures a long benchmark takes: a part of the data with the same shares of the classes."""

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from benchmarks.accuracy.classes import Classes, with_truth
from benchmarks.accuracy.scores import skip
from benchmarks.systems.evaluator import Numbered
from evaluation import read_dataset


@dataclass(frozen=True, slots=True)
class Pictures:
    """Which pictures are damaged, and what is right for them."""

    data: Path
    """See ``evaluation.read_dataset``."""
    split: str | None = None
    """Only this part; None: all of it."""
    number: int | None = None
    """Only so many, drawn with the classes in proportion; None: all."""
    mapping: Path | None = None
    """Names of class folders, see ``evaluation.mapping``."""
    label_set: int | None = None
    """See ``benchmarks.accuracy.accuracy.Protocol``."""
    truth: str = "label"
    """Likewise."""


def draw(labels: Mapping[int, str], number: int, seed: int) -> set[int]:
    """The pictures of a smaller data set with the same shares of the emotions.

    Args:
        labels: number of a picture → its true emotion.
        number: how many pictures are wanted; all of them where there are fewer.
        seed: of the run.

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


def read_pictures(
    pictures: Pictures, classes: Classes, seed: int, skipped: list[str], left_out: list[str]
) -> Iterator[Numbered]:
    """The pictures that are damaged, in the order of the data.

    Args:
        pictures: which.
        classes: those that are scored.
        seed: of the run.
        skipped: gets the messages of the reader.
        left_out: gets the name of each picture that has no truth, or none of these classes.

    Raises:
        DataError: see ``evaluation.read_dataset``.
    """
    wanted = None
    if pictures.number:  # a first reading, so that a large data set is never in memory
        labels = {sample.index: sample.label for sample in _read(pictures, classes, [], lambda _: None)}
        wanted = draw(labels, pictures.number, seed)
    for sample in _read(pictures, classes, left_out, lambda message: skip(message, skipped)):
        if wanted is None or sample.index in wanted:
            yield sample


def _read(
    pictures: Pictures, classes: Classes, left_out: list[str], on_bad: Callable[[str], None]
) -> Iterator[Numbered]:
    samples = read_dataset(pictures.data, pictures.split, on_bad=on_bad, mapping=pictures.mapping)
    numbered = (
        Numbered(sample.picture, sample.label, sample.name, sample.split, sample.votes, index)
        for index, sample in enumerate(samples)
    )
    # They stay numbered: only the label is replaced.
    return cast(Iterator[Numbered], with_truth(numbered, pictures.truth, classes, left_out))
