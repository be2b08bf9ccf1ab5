"""The app as a peer: what the files of our own in ``benchmarks/peers`` share."""

import time

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.build import build_pipeline
from edge.core.types import Frame
from edge.settings import load_settings
from evaluation.label_sets import FER2013

PYTHONS = ("3.11", "3.12", "3.13")
REQUIREMENTS = ("-r requirements-edge.txt",)
LABELS = {name: name for name in FER2013}
TRAINED_ON = "Training part of FER2013, without the pictures of which PublicTest or PrivateTest has a copy"


class App:
    """The app's pipeline with default settings; the first face counts."""

    def __init__(self, bundle: str, backend: str = "litert") -> None:
        """Build it.

        Raises:
            MienError: a part is missing, or the parts do not go together.
        """
        cv2.setNumThreads(1)
        settings = load_settings(None, {"expression.bundle": bundle, "landmarks.backend": backend})
        self._pipeline = build_pipeline(settings)
        self._number = 0

    def answer(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Probabilities float32 (C,) for a single picture; None: no face found."""
        return self._process(rgb, still=True)

    def track(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Likewise, for the next frame of a camera."""
        return self._process(rgb, still=False)

    def _process(self, rgb: NDArray[np.uint8], still: bool) -> NDArray[np.float32] | None:
        self._number += 1
        faces = self._pipeline.process(Frame(rgb, time.monotonic_ns(), self._number, "", still=still)).faces
        return faces[0].probabilities if faces else None
