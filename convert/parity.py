"""Whether the int8 bundle still decides as the float network does."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError

MAX_ACCURACY_GAP = 0.005
"""Between int8 and float accuracy on faces like the validation rows, either way."""
MIN_AGREEMENT = 0.99
"""Part of such faces with the same top label."""
CHANCE = 0.01
"""A bundle that keeps both limits is refused so often at the most: few validation faces tell little."""
_Z = 2.3263478740408408  # of the normal distribution, one-sided, at CHANCE


@dataclass(frozen=True, slots=True)
class Parity:
    """The comparison on N validation faces."""

    n: int
    float_accuracy: float
    int8_accuracy: float
    agreement: float
    """Part of the rows in which both give the same label."""
    only_float: int
    """Rows that the float network alone labels right."""
    only_int8: int
    """Rows that int8 alone labels right."""

    def require(self, accept_loss: bool = False) -> bool:
        """See that int8 does not differ from float beyond the limits and chance.

        Args:
            accept_loss: the user takes the bundle as it is.

        Returns:
            Whether it differs, and that is accepted.

        Raises:
            DataError: it differs, and the bundle must not be written; the message has the figures.
        """
        if not (self._decides_otherwise() or self._has_another_accuracy()):
            return False
        if accept_loss:
            return True
        raise DataError(
            "no bundle written, int8 is not the float network any more: same decision in "
            f"{self.agreement:.2%} (at least {MIN_AGREEMENT:.0%}), accuracy {self.int8_accuracy:.2%} against "
            f"{self.float_accuracy:.2%} (at most {100 * MAX_ACCURACY_GAP:g} points apart) of {self.n} "
            "validation faces, which is more than chance: train on more pictures or for more epochs, or take "
            "it as it is with --accept-loss"
        )

    def _decides_otherwise(self) -> bool:
        """Whether so many decisions differ hardly ever where ``MIN_AGREEMENT`` holds: a binomial test."""
        differ, rate = round((1 - self.agreement) * self.n), 1 - MIN_AGREEMENT
        fewer = sum(_binomial(self.n, k, rate) for k in range(differ))
        return 1 - fewer < CHANCE

    def _has_another_accuracy(self) -> bool:
        """Rows that change sides do so either way alike, unless there is a loss or a gain."""
        by_chance = _Z * math.sqrt(self.only_float + self.only_int8)
        return abs(self.only_float - self.only_int8) > MAX_ACCURACY_GAP * self.n + by_chance


def _binomial(n: int, k: int, p: float) -> float:
    log = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(log + k * math.log(p) + (n - k) * math.log1p(-p))


def compare(
    float_logits: NDArray[np.float32], int8_probabilities: NDArray[np.float32], label: NDArray[np.int64]
) -> Parity:
    """Both (N, C), label (N,)."""
    by_float, by_int8 = float_logits.argmax(axis=1), int8_probabilities.argmax(axis=1)
    float_right, int8_right = by_float == label, by_int8 == label
    return Parity(
        n=len(label),
        float_accuracy=float(float_right.mean()),
        int8_accuracy=float(int8_right.mean()),
        agreement=float((by_float == by_int8).mean()),
        only_float=int((float_right & ~int8_right).sum()),
        only_int8=int((int8_right & ~float_right).sum()),
    )
