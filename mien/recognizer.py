"""Pictures and frames → expressions."""

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
from edge.core.types import Frame, LandmarkBackend
from edge.settings import load_settings
from edge.sources.opencv import MAX_SIDE
from edge.sources.pictures import read_picture
from mien.backends import CheckedBackend
from mien.results import Result

Color = Literal["rgb", "bgr"]
Picture = str | os.PathLike[str] | NDArray[np.uint8]


class Recognizer(AbstractContextManager["Recognizer"]):
    """Finds faces and says what they express. Not to be shared between threads. A context manager."""

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
                ``/`` in it); empty: the default, ``landmarks`` with a backend of your own.
            max_faces: the most faces in a frame, 1…16.
            threads: CPU threads of the face models, 1…16.
            smoothing_s: time constant of the smoothing over the frames of a video, s, 0…10.
            min_confidence: 0…1; a face whose top probability is below gets the status
                ``low_confidence``; None: what the bundle says.
            backend: what finds the landmarks: ``litert``, ``mediapipe``, or an object of your own with
                ``detect(frame)`` and ``close()``, see ``edge.core.types.LandmarkBackend``. Its faces are
                checked.
            models_dir: folder of the face models; empty: where ``mien setup`` puts them.

        Raises:
            MienError: a value is out of range, or the bundle or the face models are missing or damaged.
        """
        own = None if isinstance(backend, str) else CheckedBackend(backend)
        if own is not None and not bundle:
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
        settings = load_settings(None, {name: plain(value) for name, value in flags.items()})
        self._pipeline = build_pipeline(settings, backend=own)
        self._indices = count()

    @property
    def labels(self) -> tuple[str, ...]:
        """The expressions that the bundle knows."""
        return self._pipeline.classifier.labels

    def __call__(self, frame: Frame | NDArray[np.uint8], *, color: Color | None = None) -> Result:
        """Recognize the next frame of a video: faces are tracked and their probabilities smoothed.

        Args:
            frame: of ``Video``, or uint8 (H, W, 3) pixels of your own, which count as taken now.
            color: of an array: ``"rgb"``, or ``"bgr"`` as OpenCV gives it. Must be said.

        Raises:
            MienError: the array is none of a picture, or ``color`` is missing.
        """
        if isinstance(frame, str | os.PathLike):
            raise DataError(
                "a path goes to predict(), or as a video to Video(): expected a frame or an array"
            )
        if not isinstance(frame, Frame):
            frame = Frame(_rgb(frame, color), time.monotonic_ns(), next(self._indices), "array")
        return Result(self._pipeline.process(frame))

    def predict(self, picture: Picture, *, color: Color | None = None) -> Result:
        """Recognize a single picture, which has nothing to do with the one before.

        Args:
            picture: path of a file, or uint8 (H, W, 3) or (H, W) pixels.
            color: of an array: ``"rgb"``, or ``"bgr"`` as OpenCV gives it. Must be said.

        Raises:
            MienError: the file cannot be read, the array is none of a picture, or ``color`` is missing.
        """
        if isinstance(picture, str | os.PathLike):
            rgb, origin = read_picture(Path(picture)), os.fspath(picture)
        else:
            rgb, origin = _rgb(picture, color), "array"
        now = time.monotonic_ns()
        return Result(self._pipeline.process(Frame(rgb, now, 0, origin, still=True, position_ns=0)))

    def close(self) -> None:
        """Let go of models and backend."""
        self._pipeline.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def plain(value: Any) -> Any:
    """NumPy's numbers as Python's, which settings take."""
    return value.item() if isinstance(value, np.generic) else value


def _bundle(bundle: str | os.PathLike[str]) -> str:
    """A ``Path`` is a path also without a ``/`` in it."""
    if isinstance(bundle, str) or not isinstance(bundle, os.PathLike):
        return bundle
    return os.path.join(os.curdir, bundle)  # noqa: PTH118 (Path takes the dot off)


def _rgb(array: Any, color: Color | None) -> NDArray[np.uint8]:
    """An array of the caller's as uint8 (H, W, 3) RGB, C-contiguous."""
    wanted = f"an array uint8 (H, W, 3) or (H, W) of at most {MAX_SIDE} px a side"
    if not isinstance(array, np.ndarray):
        raise DataError(f"expected a picture's path, or {wanted}, not {type(array).__name__}")
    grey = array.ndim == 2
    if array.dtype != np.uint8 or not array.size or not (grey or (array.ndim == 3 and array.shape[2] == 3)):
        raise DataError(f"expected {wanted}, not {array.dtype} {array.shape}")
    if max(array.shape[:2]) > MAX_SIDE:
        raise DataError(f"expected {wanted}, not {array.shape}: make it smaller")
    if color not in ("rgb", "bgr"):
        raise DataError(
            f"color must be said of an array: color='rgb', or color='bgr' as OpenCV gives it, not {color!r}"
        )
    if grey:
        return np.asarray(cv2.cvtColor(array, cv2.COLOR_GRAY2RGB), np.uint8)
    return np.ascontiguousarray(array if color == "rgb" else array[:, :, ::-1])
