"""Whether the int8 bundle still decides as the float network does."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError

MAX_ACCURACY_GAP = 0.005
"""Largest difference between int8 and float accuracy on faces like the validation faces."""
MIN_AGREEMENT = 0.99
"""Smallest share of such faces with the same label."""
CHANCE = 0.01
"""Largest probability that a bundle within both limits is refused: few validation faces tell little."""
_Z = 2.3263478740408408  # one-sided quantile of the normal distribution at CHANCE


@dataclass(frozen=True, slots=True)
class Parity:
    """The comparison of int8 and float on validation faces."""

    n: int
    """Number of validation faces."""
    float_accuracy: float
    int8_accuracy: float
    agreement: float
    """Share of the faces for which both give the same label."""
    only_float: int
    """Number of faces that only the float network labels right."""
    only_int8: int
    """Number of faces that only the int8 network labels right."""

    def require(self, accept_loss: bool = False) -> bool:
        """Check that int8 does not differ from float by more than the limits and chance.

        Args:
            accept_loss: accept a difference.

        Returns:
            Whether there is a difference, which was accepted.

        Raises:
            DataError: there is a difference; the message has the figures.
        """
        if not (self._decides_otherwise() or self._has_another_accuracy()):
            return False
        if accept_loss:
            return True
        raise DataError(
            "no bundle written, int8 decides otherwise than the float network: same decision in "
            f"{self.agreement:.2%} (at least {MIN_AGREEMENT:.0%}), accuracy {self.int8_accuracy:.2%} against "
            f"{self.float_accuracy:.2%} (at most {100 * MAX_ACCURACY_GAP:g} points apart) on {self.n} "
            "validation faces, which is more than chance: train on more pictures or for more epochs, or "
            "accept the loss with --accept-loss"
        )

    def _decides_otherwise(self) -> bool:
        """Whether more decisions differ than chance allows where ``MIN_AGREEMENT`` holds: a binomial test."""
        differ, rate = round((1 - self.agreement) * self.n), 1 - MIN_AGREEMENT
        fewer = sum(_binomial(self.n, k, rate) for k in range(differ))
        return 1 - fewer < CHANCE

    def _has_another_accuracy(self) -> bool:
        """Whether the accuracies differ by more than ``MAX_ACCURACY_GAP`` and chance:
        without a loss or a gain, as many faces are right only in float as only in int8."""
        by_chance = _Z * math.sqrt(self.only_float + self.only_int8)
        return abs(self.only_float - self.only_int8) > MAX_ACCURACY_GAP * self.n + by_chance


def _binomial(n: int, k: int, p: float) -> float:
    log = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(log + k * math.log(p) + (n - k) * math.log1p(-p))


def compare(
    float_logits: NDArray[np.float32], int8_probabilities: NDArray[np.float32], label: NDArray[np.int64]
) -> Parity:
    """Compare both networks, (N, C) each, on N faces of the true classes ``label``, int64 (N,)."""
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
