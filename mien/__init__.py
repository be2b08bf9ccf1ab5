"""Facial expressions from pictures, videos and cameras, in a few lines of Python.

::

    from mien import Recognizer, Video

    recognizer = Recognizer(max_faces=2)
    for frame in Video("camera:0"):
        for face in recognizer(frame):
            print(face.id, face.label, face.score, face.box)

Importing this loads nothing heavy: NumPy, OpenCV and the TFLite runtime come with the first name that needs
them. The face models must be on the device: ``mien setup`` fetches them once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mien._siblings import load_sibling

if TYPE_CHECKING:
    from edge import __version__ as __version__
    from edge.core.errors import MienError as MienError
    from edge.core.types import Box as Box
    from edge.core.types import Frame as Frame
    from mien.drawing import draw as draw
    from mien.recognizer import Recognizer as Recognizer
    from mien.results import Face as Face
    from mien.results import Result as Result
    from mien.video import Video as Video

_HOME = {
    "Box": "edge.core.types",
    "Face": "mien.results",
    "Frame": "edge.core.types",
    "MienError": "edge.core.errors",
    "Recognizer": "mien.recognizer",
    "Result": "mien.results",
    "Video": "mien.video",
    "__version__": "edge",
    "draw": "mien.drawing",
}
"""Public name → the module that defines it."""

__all__ = [name for name in _HOME if not name.startswith("_")]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'mien' has no attribute {name!r}")
    load_sibling("edge")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
