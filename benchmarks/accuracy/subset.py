"""The labelled pictures that a long benchmark takes: a part of the data with the same class shares."""

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from benchmarks.accuracy.classes import Classes, with_truth
from benchmarks.accuracy.scores import skip
from benchmarks.systems.evaluator import NumberedSample
from evaluation import read_dataset


@dataclass(frozen=True, slots=True)
class PictureSelection:
    """Which pictures of which data are taken, and what is right for them."""

    data: Path
    """File or folder; see ``evaluation.read_dataset``."""
    split: str | None = None
    """Split of the data that is taken; None: all of it."""
    number: int | None = None
    """Number of pictures that are drawn, with the classes in proportion; None: all are taken."""
    mapping: Path | None = None
    """File with the names of class folders; see ``evaluation.mapping``."""
    label_set: int | None = None
    """Key of ``evaluation.label_sets.LABEL_SETS``; None: the bundle's own labels."""
    truth: str = "label"
    """See ``benchmarks.accuracy.accuracy.AccuracyProtocol``."""


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


def read_pictures(
    pictures: PictureSelection, classes: Classes, seed: int, skipped: list[str], excluded: list[str]
) -> Iterator[NumberedSample]:
    """The pictures that are taken, in the order of the data.

    Args:
        pictures: which pictures.
        classes: the classes that are scored.
        seed: seed of the run.
        skipped: gets the messages of the reader.
        excluded: gets the name of each picture without ground truth, or of none of these classes.

    Raises:
        DataError: see ``evaluation.read_dataset``.
    """
    wanted = None
    if pictures.number:  # a first reading, so that a large data set is never in memory
        labels = {sample.index: sample.label for sample in _read(pictures, classes, [], lambda _: None)}
        wanted = draw(labels, pictures.number, seed)
    for sample in _read(pictures, classes, excluded, lambda message: skip(message, skipped)):
        if wanted is None or sample.index in wanted:
            yield sample


def _read(
    pictures: PictureSelection, classes: Classes, excluded: list[str], on_bad: Callable[[str], None]
) -> Iterator[NumberedSample]:
    samples = read_dataset(pictures.data, pictures.split, on_bad=on_bad, mapping=pictures.mapping)
    numbered = (
        NumberedSample(sample.picture, sample.label, sample.name, sample.split, sample.votes, index)
        for index, sample in enumerate(samples)
    )
    # with_truth replaces the label only, so they stay NumberedSample.
    return cast(Iterator[NumberedSample], with_truth(numbered, pictures.truth, classes, excluded))
