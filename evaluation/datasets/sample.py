"""The labelled picture that every reader gives."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NO_SPLIT = "all"
"""The split of pictures in data without splits."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A labelled picture."""

    picture: NDArray[np.uint8]
    """Pixels, uint8 (H, W) grey or (H, W, 3) RGB."""
    label: str
    """One of ``evaluation.label_sets.EMOTIONS``."""
    name: str
    """Place that it comes from: ``"fer2013.csv:17"`` (line of the file) or ``"test/happy/3.png"``."""
    split: str
    """``"Training"``, ``"PublicTest"``, a folder's name in printable characters, or ``NO_SPLIT``."""
    votes: tuple[int, ...] | None = None
    """The ten FER+ votes in the order of ``evaluation.label_sets.FERPLUS_VOTES``, where they are known."""


def picture_hash(picture: NDArray[Any]) -> str:
    """SHA-1 of the values and the shape of a picture (or of landmarks), as 40 hex digits."""
    digest = hashlib.sha1(str(picture.shape).encode(), usedforsecurity=False)
    digest.update(np.ascontiguousarray(picture).data)
    return digest.hexdigest()
