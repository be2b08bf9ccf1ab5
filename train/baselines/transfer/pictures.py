"""The grey pictures that an experiment takes: with face detection, or without."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.baselines.method import CROPS, PICTURES, Samples


def need_of(settings: Mapping[str, Any]) -> frozenset[str]:
    """What an experiment needs of the data: see ``Method``."""
    return frozenset({CROPS if settings["feature"] == "crop" else PICTURES})


def grey_pictures(samples: Samples, settings: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Crops uint8 (N, 64, 64), or pictures uint8 (N, 48, 48)."""
    chosen = samples.crops if settings["feature"] == "crop" else samples.pictures
    assert chosen is not None
    return chosen
