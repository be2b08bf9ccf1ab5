"""The recognizer: pictures and frames → expressions."""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.build import build_pipeline
from edge.core.errors import DataError
from edge.core.protocols import LandmarkBackend
from edge.core.types import Frame
from edge.settings import load_settings
from edge.sources.opencv import MAX_SIDE
from edge.sources.pictures import read_picture
from mien.backends import CheckedBackend
from mien.results import Result

Color = Literal["rgb", "bgr"]
Picture = str | os.PathLike[str] | NDArray[np.uint8]


class Recognizer(AbstractContextManager["Recognizer"]):
    """Finds faces and classifies their expressions. For one thread only. A context manager."""

    def __init__(
        self,
        bundle: str | os.PathLike[str] = "",
        *,
        max_faces: int = 1,
        threads: int = 1,
        smoothing_s: float = 0.3,
        min_confidence: float | None = None,
        backend: str | LandmarkBackend = "litert",
        models_dir: str | Path = "",
    ) -> None:
        """Load the face models and the bundle.

        Args:
            bundle: name of a shipped or installed bundle, or the path of one (a ``Path``, or a text with a
                ``/`` in it); empty: the default, which is ``landmarks`` with a backend of your own.
            max_faces: the most faces in a frame, 1…16.
            threads: CPU threads of the face models, 1…16.
            smoothing_s: time constant of the smoothing over the frames of a video, seconds, 0…10.
            min_confidence: top probability, 0…1, below which a face gets the status ``low_confidence``;
                None: the bundle's own.
            backend: the landmark backend: ``litert``, ``mediapipe``, or an object of your own with
                ``detect(frame)`` and ``close()``, see ``edge.core.protocols.LandmarkBackend``, whose faces
                are checked.
            models_dir: folder of the face models; empty: the one that ``mien setup`` uses.

        Raises:
            MienError: a value is out of range, or the bundle or the face models are missing or damaged.
        """
        callers_backend = None if isinstance(backend, str) else CheckedBackend(backend)
        if callers_backend is not None and not bundle:
            bundle = "landmarks"
        flags = {
            "expression.bundle": _bundle(bundle),
            "expression.smoothing_s": smoothing_s,
            "expression.min_confidence": min_confidence,
            "landmarks.max_faces": max_faces,
            "landmarks.threads": threads,
            "landmarks.backend": backend if isinstance(backend, str) else None,
            "landmarks.models_dir": str(models_dir) if models_dir else None,
        }
        settings = load_settings(None, {name: to_python(value) for name, value in flags.items()})
        self._pipeline = build_pipeline(settings, backend=callers_backend)
        self._indices = count()

    @property
    def labels(self) -> tuple[str, ...]:
        """The expressions that the bundle knows."""
        return self._pipeline.classifier.labels

    def __call__(self, frame: Frame | NDArray[np.uint8], *, color: Color | None = None) -> Result:
        """Recognize the next frame of a video: faces are tracked and their probabilities smoothed.

        Args:
            frame: a frame of ``Video``, or pixels of your own, uint8 (H, W, 3), which count as taken now.
            color: channel order of an array, required with one: ``"rgb"``, or ``"bgr"`` as OpenCV gives it.

        Raises:
            MienError: the array is no picture, or ``color`` is missing.
        """
        if isinstance(frame, str | os.PathLike):
            raise DataError(
                "expected a frame or an array, not a path: call predict() for a picture, Video() for a video"
            )
        if not isinstance(frame, Frame):
            frame = Frame(_rgb(frame, color), time.monotonic_ns(), next(self._indices), "array")
        return Result(self._pipeline.process(frame))

    def predict(self, picture: Picture, *, color: Color | None = None) -> Result:
        """Recognize a single picture, which is unrelated to the one before.

        Args:
            picture: path of a file, or pixels, uint8 (H, W, 3) or (H, W).
            color: channel order of an array, required with one: ``"rgb"``, or ``"bgr"`` as OpenCV gives it.

        Raises:
            MienError: the file cannot be read, the array is no picture, or ``color`` is missing.
        """
        if isinstance(picture, str | os.PathLike):
            rgb, origin = read_picture(Path(picture)), os.fspath(picture)
        else:
            rgb, origin = _rgb(picture, color), "array"
        now = time.monotonic_ns()
        return Result(self._pipeline.process(Frame(rgb, now, 0, origin, still=True, position_ns=0)))

    def close(self) -> None:
        """Release models and backend."""
        self._pipeline.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def to_python(value: Any) -> Any:
    """A NumPy number as Python's, which settings take; any other value unchanged."""
    return value.item() if isinstance(value, np.generic) else value


def _bundle(bundle: str | os.PathLike[str]) -> str:
    """The bundle as a text, in which a ``Path`` has a ``/`` even if it is only a name."""
    if isinstance(bundle, str) or not isinstance(bundle, os.PathLike):
        return bundle
    return os.path.join(os.curdir, bundle)  # noqa: PTH118 (Path takes the dot off)


def _rgb(array: Any, color: Color | None) -> NDArray[np.uint8]:
    """A caller's array as uint8 (H, W, 3) RGB, C-contiguous."""
    expected = f"an array uint8 (H, W, 3) or (H, W) of at most {MAX_SIDE} px a side"
    if not isinstance(array, np.ndarray):
        raise DataError(f"expected a picture's path, or {expected}, not {type(array).__name__}")
    grey = array.ndim == 2
    if array.dtype != np.uint8 or not array.size or not (grey or (array.ndim == 3 and array.shape[2] == 3)):
        raise DataError(f"expected {expected}, not {array.dtype} {array.shape}")
    if max(array.shape[:2]) > MAX_SIDE:
        raise DataError(f"expected {expected}, not {array.shape}: make it smaller")
    if color not in ("rgb", "bgr"):
        raise DataError(
            f"an array needs its color: color='rgb', or color='bgr' as OpenCV gives it, not {color!r}"
        )
    if grey:
        return np.asarray(cv2.cvtColor(array, cv2.COLOR_GRAY2RGB), np.uint8)
    return np.ascontiguousarray(array if color == "rgb" else array[:, :, ::-1])
