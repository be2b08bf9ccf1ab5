"""What every reader of labelled pictures gives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled picture."""

    picture: NDArray[np.uint8]
    """uint8, (H, W) grey or (H, W, 3) RGB."""
    label: str
    """One of ``edge.core.labels.EMOTIONS``."""
    name: str
    """Where it came from: ``"fer2013.csv:17"`` (line of the file) or ``"test/happy/3.png"``."""
    split: str
    """``"Training"``, ``"PublicTest"``, a folder's name, or ``"all"`` where the data has no splits."""
    votes: tuple[int, ...] | None = None
    """The ten FER+ votes in the order of ``edge.core.labels.FERPLUS_VOTES``, where they are known."""
