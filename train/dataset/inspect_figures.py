"""Figures of labelled pictures that need only their hashes, labels, splits and votes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.label_sets import EMOTIONS, majority, vote_distribution
from train.dataset.labelled_faces import TRAINING_SPLITS

NAMED = 10
"""Largest number of bad rows, duplicates and leaks that are named; all are counted."""

_ENTROPY_BINS = np.linspace(0, 3, 13)
"""Bins of the entropy of the votes, bits; 3 bits are votes spread evenly over eight emotions."""


@dataclass(frozen=True, slots=True)
class LabelledPictures:
    """Everything about N labelled pictures but the pictures themselves."""

    splits: list[str]
    """Names of the splits."""
    split: NDArray[np.integer[Any]]
    """(N,), index into ``splits``."""
    label: NDArray[np.uint8]
    """uint8 (N,), index into ``EMOTIONS``."""
    votes: NDArray[np.uint8]
    """uint8 (N, 10), zeros where there are none."""
    hashes: NDArray[np.void]
    """(N,), 20 bytes each: SHA-1 of pixels and shape."""
    names: Sequence[str]


def common(data: Path, table: LabelledPictures) -> dict[str, Any]:
    """Figures of pictures and landmarks folders alike."""
    classes = counts_by_split(table, np.ones(len(table.label), bool))
    trained_on = [classes[split] for split in classes if split in TRAINING_SPLITS]
    sums = {label: sum(counts.get(label, 0) for counts in trained_on) for label in EMOTIONS}
    training = {label: count for label, count in sums.items() if count}
    return {
        "data": data.name,
        "rows": len(table.label),
        "classes": classes,
        "training": training,
        "balance": balance(training) if training else None,
        "duplicates": duplicates(table),
        "votes": vote_figures(table),
    }


def counts_by_split(table: LabelledPictures, chosen: NDArray[np.bool_]) -> dict[str, dict[str, int]]:
    """Number of the chosen rows by split and class, without classes that a split does not have at all."""
    result = {}
    for number, split in enumerate(table.splits):
        here = table.split == number
        total = np.bincount(table.label[here], minlength=len(EMOTIONS))
        counts = np.bincount(table.label[here & chosen], minlength=len(EMOTIONS))
        result[split] = {label: int(counts[i]) for i, label in enumerate(EMOTIONS) if total[i]}
    return result


def balance(counts: dict[str, int]) -> dict[str, Any]:
    """Effect of the strategies against classes of unequal size.

    Args:
        counts: number of rows of each class, 1 or more.

    Returns:
        ``weight``: rows / (classes · rows of the class), which has the mean 1 over the rows;
        ``oversampled`` and ``undersampled``: rows of every class if all become as large as the
        largest or as small as the smallest.
    """
    total = sum(counts.values())
    return {
        "weight": {label: total / (len(counts) * count) for label, count in counts.items()},
        "oversampled": max(counts.values()),
        "undersampled": min(counts.values()),
    }


def duplicates(table: LabelledPictures) -> dict[str, Any]:
    """Counts and names of pixel-identical pictures.

    Returns:
        ``within``: for each split the pictures beyond the first of their kind; ``between``: for each
        pair of splits the distinct pictures that both have; ``different_labels``: distinct pictures
        that have more than one label; and the names of the first of them.
    """
    order = np.argsort(table.hashes, kind="stable")
    ordered = table.hashes[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    ends = np.append(starts[1:], len(order))
    several = np.flatnonzero(ends - starts > 1)
    several = several[np.argsort(order[starts[several]])]  # as they come in the data
    within, between = Counter[str](), Counter[tuple[str, str]]()
    copies: list[list[str]] = []
    leaks: list[list[str]] = []
    conflicts = 0
    for group in several:
        rows = order[starts[group] : ends[group]]
        conflicts += len(np.unique(table.label[rows])) > 1
        of_split = {number: rows[table.split[rows] == number] for number in np.unique(table.split[rows])}
        for number, same in of_split.items():
            within[table.splits[number]] += len(same) - 1
            if len(same) > 1 and len(copies) < NAMED:
                copies.append([table.names[same[0]], table.names[same[1]]])
        for one, other in combinations(of_split, 2):
            between[table.splits[one], table.splits[other]] += 1
            if len(leaks) < NAMED:
                leaks.append([table.names[of_split[one][0]], table.names[of_split[other][0]]])
    return {
        "within": {split: within[split] for split in table.splits},
        "between": [{"splits": list(pair), "pictures": count} for pair, count in between.items()],
        "different_labels": conflicts,
        "first_within": copies,
        "first_between": leaks,
    }


def vote_figures(table: LabelledPictures) -> dict[str, Any] | None:
    """Share, majorities, agreement with the labels, and entropy of the FER+ votes; None without votes."""
    voted = table.votes.any(axis=1)
    if not voted.any():
        return None
    votes, label = table.votes[voted], table.label[voted]
    first = majority(votes)
    is_clear = first >= 0
    shares = vote_distribution(votes)
    shares = shares[shares.any(axis=1)].astype(np.float64)
    entropy = -(shares * np.log2(np.where(shares > 0, shares, 1))).sum(axis=1)
    return {
        "share": float(voted.mean()),
        "clear": float(is_clear.mean()),
        "agreement": float((first == label)[is_clear].mean()) if is_clear.any() else None,
        "entropy": histogram(entropy, _ENTROPY_BINS),
    }


def quantiles(sides: Counter[int]) -> dict[str, int]:
    """Smallest, largest and some quantiles of counted lengths."""
    values = np.array(sorted(sides))
    upto = np.cumsum([sides[int(value)] for value in values])
    places = {"min": 0.0, "5%": 0.05, "median": 0.5, "95%": 0.95, "max": 1.0}
    return {name: int(values[np.searchsorted(upto, share * upto[-1])]) for name, share in places.items()}


def histogram(
    values: NDArray[Any], bins: NDArray[np.float64], weights: NDArray[Any] | None = None
) -> dict[str, list[float]]:
    """``edges`` (B + 1) and ``counts`` (B) of values (N,), each counted as often as its weight says."""
    counts, edges = np.histogram(values, bins, weights=weights)
    return {"edges": edges.round(4).tolist(), "counts": counts.tolist()}
