"""What the page recognizes: uploaded pictures, the frames of a browser's camera, and the demo."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from starlette.exceptions import HTTPException

from edge.core.errors import SourceError
from edge.core.stderr import muted_stderr
from edge.sources import containers
from edge.sources.pictures import decode_picture
from edge.stream.messages import encoded_mesh
from mien import Frame, Recognizer, Video

MAX_SIDE = 4096
"""Longest side of an uploaded picture, px."""
MAX_FACES = 8
"""Most faces in a picture or frame."""
DEMO_FPS = 30.0
"""Frame rate of the demo, Hz."""

_HIGHEST_FPS = 240.0
_JPEG_QUALITY = 85

Answer = dict[str, Any]
"""``record``, ``meshes`` and ``labels``, of JSON's own types; the demo's has ``picture``, too."""


class Recognition:
    """Recognizer and demo of one session. For one thread only."""

    def __init__(self) -> None:
        """Nothing is loaded before the first picture."""
        self._bundle = ""
        self._recognizer: Recognizer | None = None
        self._frames = count()
        self._video: Video | None = None
        self._demo: Iterator[Frame] = iter(())

    def frame(self, data: bytes, bundle: str, captured_ns: int) -> Answer:
        """The answer to the next frame of a camera: faces are tracked, and their probabilities smoothed.

        Args:
            data: a picture file.
            bundle: name of the bundle, or its path with a ``/`` in it.
            captured_ns: time of the frame, nanoseconds on ``time.monotonic_ns``.

        Raises:
            HTTPException: the file is no picture that the page takes.
            MienError: bundle or face models are missing or damaged.
        """
        frame = Frame(decode(data), captured_ns, next(self._frames), "page")
        return _answer(self._recognizer_of(bundle), frame)

    def picture(self, data: bytes, bundle: str) -> Answer:
        """The answer to a single picture, as ``Recognizer.predict`` gives it; errors as above."""
        frame = Frame(decode(data), time.monotonic_ns(), 0, "page", still=True, position_ns=0)
        return _answer(self._recognizer_of(bundle), frame)

    def demo(self, bundle: str) -> Answer:
        """The answer to the next frame of the demo, and that frame.

        Raises:
            MienError: bundle, face models or portraits are missing or damaged.
        """
        if self._video is None:
            self._video = Video("demo", fps=_HIGHEST_FPS)  # the page sets the pace
            self._demo = iter(self._video)
        frame = next(self._demo)
        answer = _answer(self._recognizer_of(bundle), frame)
        bgr = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR)
        _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        answer["picture"] = "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode("ascii")
        return answer

    def close(self) -> None:
        """Release models and demo."""
        if self._video is not None:
            self._video.close()
        if self._recognizer is not None:
            self._recognizer.close()
            self._recognizer = None

    def _recognizer_of(self, bundle: str) -> Recognizer:
        if self._recognizer is None or bundle != self._bundle:
            recognizer = Recognizer(bundle, max_faces=MAX_FACES)
            if self._recognizer is not None:
                self._recognizer.close()
            self._recognizer, self._bundle = recognizer, bundle
        return self._recognizer


def decode(data: bytes) -> NDArray[np.uint8]:
    """An uploaded picture as uint8 RGB (H, W, 3). Its size is read from its header first.

    Raises:
        HTTPException: it is no JPEG, PNG or WebP (415), damaged (400), or too large (413).
    """
    if not (data.startswith((containers.JPEG, containers.PNG)) or containers.is_webp(data)):
        raise HTTPException(415, "expected a picture: a JPEG, PNG or WebP")
    stated = containers.stated_size(data)
    if stated is None:
        raise HTTPException(400, "the picture is damaged: its header states no size")
    if max(stated.width, stated.height) > MAX_SIDE:
        size = f"{stated.width}×{stated.height} px"
        raise HTTPException(413, f"the picture is {size}: expected at most {MAX_SIDE} px a side")
    try:
        with muted_stderr():  # nothing about pictures is logged
            return decode_picture(data, "that was sent")
    except SourceError as error:
        raise HTTPException(400, str(error)) from None


def _answer(recognizer: Recognizer, frame: Frame) -> Answer:
    result = recognizer(frame)
    height, width = frame.rgb.shape[:2]
    return {
        "record": result.to_dict(),
        "meshes": [encoded_mesh(face.landmarks, width, height) for face in result],
        "labels": list(recognizer.labels),
    }
