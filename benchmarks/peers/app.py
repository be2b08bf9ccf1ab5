"""The app as a peer: the class and the declarations that the files of our own in ``recognizers`` share."""

import time
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.build import build_pipeline
from edge.core.types import Frame
from edge.settings import load_settings
from evaluation.label_sets import FER2013


class App:
    """The app's pipeline with default settings; the first face counts.

    A file's ``Recognizer`` derives from it and names its bundle; what it declares can be declared anew.
    """

    PYTHONS = ("3.11", "3.12", "3.13")
    REQUIREMENTS: tuple[str, ...] = ("-r requirements-edge.txt",)
    LABELS: ClassVar = {name: name for name in FER2013}
    TRAINED_ON = (
        "Training part of FER2013, without the pictures of which PublicTest or PrivateTest has a copy"
    )
    BUNDLE: str
    BACKEND = "litert"

    def __init__(self) -> None:
        """Build the pipeline.

        Raises:
            MienError: a model or a bundle is missing, or they do not go together.
        """
        cv2.setNumThreads(1)
        settings = load_settings(None, {"expression.bundle": self.BUNDLE, "landmarks.backend": self.BACKEND})
        self._pipeline = build_pipeline(settings)
        self._number = 0

    def answer(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Probabilities float32 (C,) for a single picture, RGB uint8 (H, W, 3); None: no face found."""
        return self._process(rgb, still=True)

    def track(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Probabilities float32 (C,) for the next frame of a camera; None: no face found."""
        return self._process(rgb, still=False)

    def _process(self, rgb: NDArray[np.uint8], still: bool) -> NDArray[np.float32] | None:
        self._number += 1
        faces = self._pipeline.process(Frame(rgb, time.monotonic_ns(), self._number, "", still=still)).faces
        return faces[0].probabilities if faces else None
