"""The package ``fer`` with its default face detector, a Haar cascade of OpenCV."""

import numpy as np
from numpy.typing import NDArray

NAME = "fer 25.10.3 (Haar)"
PYTHONS = ("3.11", "3.12")
REQUIREMENTS = (
    "tensorflow==2.21.0",
    "opencv-contrib-python==4.11.0.86",
    "numpy==1.26.4",
    "pillow==10.2.0",
    "requests==2.34.2",
    "setuptools==80.9.0",  # fer imports pkg_resources, and does not say so
)
WITHOUT_DEPENDENCIES = ("fer==25.10.3",)
TRAINED_ON = "not documented; PublicTest of FER2013 is not ruled out"
NOTE = "without what this detector does not use: `pip install fer` brings PyTorch with CUDA, pandas, moviepy"
LABELS = {name: name for name in ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")}


class Recognizer:
    """One thread: with more, OpenCV's cascade gives the faces in another order each time."""

    def __init__(self, mtcnn: bool = False) -> None:
        import cv2
        from fer.fer import FER  # type: ignore[import-not-found]

        cv2.setNumThreads(1)
        self._detector = FER(mtcnn=mtcnn)

    def answer(self, rgb: NDArray[np.uint8]) -> list[float] | None:
        """Probabilities of the first face, in the order of ``LABELS``."""
        faces = self._detector.detect_emotions(np.ascontiguousarray(rgb[..., ::-1]))  # it takes BGR
        return [faces[0]["emotions"][name] for name in LABELS] if faces else None
