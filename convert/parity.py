"""Whether the int8 bundle still decides as the float network does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import DataError

MAX_ACCURACY_GAP = 0.005
"""Between int8 and float accuracy on the validation rows, either way."""
MIN_AGREEMENT = 0.99
"""Part of the validation rows with the same top label."""


@dataclass(frozen=True, slots=True)
class Parity:
    """The comparison on N validation faces."""

    n: int
    float_accuracy: float
    int8_accuracy: float
    agreement: float
    """Part of the rows in which both give the same label."""

    def require(self) -> None:
        """
        Raises:
            DataError: the bundle must not be written; the message has the figures.
        """
        gap = abs(self.int8_accuracy - self.float_accuracy)
        one_face = 1 / self.n  # with few faces, one may differ
        allowed_gap, wanted = max(MAX_ACCURACY_GAP, one_face), min(MIN_AGREEMENT, 1 - one_face)
        if gap <= allowed_gap + 1e-9 and self.agreement >= wanted - 1e-9:
            return
        raise DataError(
            f"no bundle written, int8 is not the float network any more: accuracy {self.int8_accuracy:.2%} "
            f"against {self.float_accuracy:.2%} (at most {100 * MAX_ACCURACY_GAP:g} points apart), "
            f"same decision in {self.agreement:.2%} (at least {MIN_AGREEMENT:.0%}) "
            f"of {self.n} validation faces: "
            "look at the calibration rows, or train with a smaller clip or more weight_decay"
        )


def compare(
    float_logits: NDArray[np.float32], int8_probabilities: NDArray[np.float32], label: NDArray[np.int64]
) -> Parity:
    """Both (N, C), label (N,)."""
    by_float, by_int8 = float_logits.argmax(axis=1), int8_probabilities.argmax(axis=1)
    return Parity(
        n=len(label),
        float_accuracy=float((by_float == label).mean()),
        int8_accuracy=float((by_int8 == label).mean()),
        agreement=float((by_float == by_int8).mean()),
    )
