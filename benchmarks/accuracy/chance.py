"""How much of a change of a figure over pictures can be chance.

Such figures are estimates from n pictures. A change is judged by a one-sided z-test; the standard error of
the difference of two shares is that of two proportions, pooled (Fleiss, Levin & Paik, 2003, Statistical
Methods for Rates and Proportions, chapter 3). Both runs saw the same pictures, which makes the true error
smaller: there are fewer false alarms than stated, and a small fall goes unseen. ``ALPHA`` holds for all
metrics of a pair of results together: each of m gets ``ALPHA / m`` (Bonferroni).
"""

from collections.abc import Iterator, Sequence
from math import hypot, sqrt
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from evaluation import metrics

ALPHA = 0.01
"""Probability of a false alarm for a pair of results."""

_REDRAWN = 400
"""Draws of the bootstrap."""
_Z = 1.96
"""Quantile of the normal distribution for 95 % intervals."""


class Change(NamedTuple):
    """A metric of an older and of a newer run, 0–1."""

    figure: str
    before: float
    now: float
    error: float
    """Standard error of the difference."""
    sign: int = 1
    """1: more is better; −1: less is better."""

    @property
    def worse_by(self) -> float:
        """How much worse the newer run is; negative: better."""
        return self.sign * (self.before - self.now)


def of_accuracy(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """The changes of all metrics between two results of ``accuracy``."""
    sizes = old["n"], new["n"]
    changes = [
        _proportion(figure, (old[key], new[key]), sizes)
        for figure, key in (("accuracy", "accuracy"), ("faces found", "coverage"))
    ]
    f1_error = hypot(_f1_error(old), _f1_error(new))
    changes.append(Change("macro F1", old["macro_f1"], new["macro_f1"], f1_error))
    for share in sorted(set(old["selective"]) & set(new["selective"]), reverse=True):
        answered = tuple(max(1, round(float(share) * n)) for n in sizes)
        figure = f"accuracy of the most confident {100 * float(share):g} %"
        changes.append(_proportion(figure, (old["selective"][share], new["selective"][share]), answered))
    for label in new["per_class"]:
        before, now = old["per_class"].get(label), new["per_class"][label]
        if before and before["n"] and now["n"]:
            recall = before["recall"], now["recall"]
            changes.append(_proportion(f"recall of {label}", recall, (before["n"], now["n"])))
    if None not in (old["ece"], new["ece"]):
        ece_error = hypot(_ece_error(old), _ece_error(new))
        changes.append(Change("ECE", old["ece"], new["ece"], ece_error, -1))
    return changes


def of_robustness(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """The changes between two results of ``robustness``, of each corruption the mean over its severities."""
    changes = [
        _proportion(figure, (old["clean"][key], new["clean"][key]), (old["n"], new["n"]))
        for figure, key in (("clean accuracy", "accuracy"), ("faces found in clean pictures", "coverage"))
    ]
    for name in new["corruptions"]:
        if name not in old["corruptions"]:
            continue
        rows = [list(content["corruptions"][name].values()) for content in (old, new)]
        before, now = (sum(row["accuracy"] for row in severities) / len(severities) for severities in rows)
        changes.append(Change(f"accuracy under {name}", before, now, hypot(*map(_error_of_mean, rows))))
    return changes


def judged(changes: Sequence[Change]) -> Iterator[tuple[Change, float]]:
    """Each change with the amount that chance allows it to be worse by."""
    z = NormalDist().inv_cdf(1 - ALPHA / len(changes))
    for change in changes:
        yield change, z * change.error


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % interval of a share of ``n`` pictures, 0–1 (Wilson, 1927, J. Am. Stat. Assoc. 22)."""
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _proportion(figure: str, shares: Sequence[float], sizes: Sequence[int]) -> Change:
    """The change of a share of pictures that were counted one by one."""
    before, now = shares
    pooled = (before * sizes[0] + now * sizes[1]) / sum(sizes)
    return Change(figure, before, now, sqrt(pooled * (1 - pooled) * (1 / sizes[0] + 1 / sizes[1])))


def _error_of_mean(rows: Sequence[dict[str, Any]]) -> float:
    """Standard error of the mean accuracy over the same pictures: at most the mean of the rows' errors."""
    return sum(sqrt(row["accuracy"] * (1 - row["accuracy"]) / row["n"]) for row in rows) / len(rows)


def _ece_error(content: dict[str, Any]) -> float:
    """Standard error of the ECE, from the binomial errors of the accuracy in each bin."""
    bins = [row for row in content["reliability"] if row["n"]]
    variance = sum(row["n"] * row["accuracy"] * (1 - row["accuracy"]) for row in bins)
    return sqrt(variance) / sum(row["n"] for row in bins)


def _f1_error(content: dict[str, Any]) -> float:
    """Standard error of the macro F1: a bootstrap of the answers to the pictures of each class."""
    counts = np.array(content["confusion"]["counts"], np.int64)
    sizes, rng = counts.sum(axis=1), np.random.default_rng(0)
    shares = counts / np.maximum(sizes, 1)[:, None]
    f1 = np.zeros(_REDRAWN)
    for number in range(_REDRAWN):
        redrawn = np.stack([rng.multinomial(n, share) for n, share in zip(sizes, shares, strict=True)])
        f1[number] = np.nanmean(metrics.precision_recall_f1(redrawn)[:, 2])
    return float(f1.std())
