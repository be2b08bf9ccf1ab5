"""Two runs of ``accuracy`` on the same pictures, compared picture by picture."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.accuracy.answers import GivenAnswer, read
from benchmarks.report.kinds import head
from edge.core.errors import DataError

FEW = 25
"""Number of discordant pairs below which the test is exact."""

_Z = 1.959963984540054
"""Quantile of the normal distribution for 95 % intervals."""
_NAMED = 5
"""Pictures that a warning names."""


class Pairs(NamedTuple):
    """Counts of the pictures that both runs have."""

    n: int
    both: int
    """Pictures that are right in both runs."""
    b: int
    """Pictures that are right in the first run only."""
    c: int
    """Pictures that are right in the second run only."""

    def difference(self) -> float:
        """Accuracy of the second run minus that of the first."""
        return (self.c - self.b) / self.n

    def interval(self) -> tuple[float, float]:
        """95 % interval of the difference, by Wald, with one picture added to b and to c.

        Bonett & Price, 2012, J. Educ. Behav. Stat. 37, 479–488; one of those that Fagerland et al., 2014,
        Stat. Med. 33, 2850–2875, recommend.
        """
        first, second = (self.b + 1) / (self.n + 2), (self.c + 1) / (self.n + 2)
        middle = second - first
        half = _Z * math.sqrt((first + second - middle**2) / (self.n + 2))
        return max(middle - half, -1.0), min(middle + half, 1.0)

    @property
    def exact(self) -> bool:
        """Whether ``p_value`` is from the exact test."""
        return self.b + self.c < FEW

    def p_value(self) -> float:
        """Two-sided p-value of McNemar's test (1947, Psychometrika 12, 153–157) for equally good runs.

        The exact test (binomial) for few discordant pairs, else chi-square with the continuity correction
        (Edwards, 1948, Psychometrika 13, 185–187).
        """
        discordant, fewer = self.b + self.c, min(self.b, self.c)
        if self.exact:
            tail = sum(math.comb(discordant, k) for k in range(fewer + 1)) / 2**discordant
            return min(1.0, 2 * tail)
        chi_square = max(abs(self.b - self.c) - 1, 0) ** 2 / discordant
        return math.erfc(math.sqrt(chi_square / 2))


def count(pairs: Sequence[tuple[GivenAnswer, GivenAnswer]]) -> Pairs:
    """Count the pictures by which of their two answers are right."""
    counts = Counter((first.right, second.right) for first, second in pairs)
    return Pairs(len(pairs), counts[True, True], counts[True, False], counts[False, True])


def compare(first: Path, second: Path) -> dict[str, Any]:
    """Compare the answers in two files.

    Raises:
        DataError: a file cannot be read or holds something else, the files have no picture in common, or they
            differ in the ground truth of a picture.
    """
    ours, theirs = read(first), read(second)
    pairs = {name: (given, theirs[name]) for name, given in ours.items() if name in theirs}
    if not pairs:
        raise DataError(f"{first} and {second} have no picture in common: expected runs on the same data")
    for name, (one, other) in pairs.items():
        if one.true != other.true:
            raise DataError(
                f"{name!r} is {one.true!r} in {first} and {other.true!r} in {second}: "
                "run both with the same data, --labels and --truth"
            )
    alone = [name for name in ours if name not in theirs], [name for name in theirs if name not in ours]
    every = count(list(pairs.values()))
    return {
        **head("compare"),
        "files": [str(first), str(second)],
        **_figures(every, "accuracy"),
        "interval": list(every.interval()),
        "p": every.p_value(),
        "exact": every.exact,
        "per_class": {
            name: _figures(count([pair for pair in pairs.values() if pair[0].true == name]), "recall")
            for name in sorted({given.true for given, _ in pairs.values()})
        },
        "only_in": list(alone),
        "warnings": [_left(path, names) for path, names in zip((first, second), alone, strict=True) if names],
    }


def _figures(pairs: Pairs, share: str) -> dict[str, Any]:
    """The figures of some pairs; ``share`` is the key of right answers over ``n``."""
    return {
        "n": pairs.n,
        share: [(pairs.both + pairs.b) / pairs.n, (pairs.both + pairs.c) / pairs.n],
        "difference": pairs.difference(),
        "b": pairs.b,
        "c": pairs.c,
    }


def _left(path: Path, names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"not compared, {len(names)} only in {path}: {', '.join(map(repr, names[:_NAMED]))}{more}"
