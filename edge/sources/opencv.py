"""Common code of the sources that use OpenCV: its limits, its log, its pixel order."""

import os
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import SourceError

TIMEOUT_S = 3
"""Longest time that a call of OpenCV may block, seconds; its defaults are 10 (V4L2) and 30 (FFmpeg)."""

MAX_SIDE = 8192
"""Longest side of a frame, px. OpenCV's warps refuse 32767 px and more."""

MAX_PIXELS = 1 << 24
"""Most pixels of a frame, as of the largest camera in the settings: a small file may claim gigabytes."""

_LOG_ERRORS = 2  # cv::utils::logging::LOG_LEVEL_ERROR


def configure_opencv() -> None:
    """Limit the time of OpenCV's blocking calls, and silence its warnings and FFmpeg's.

    OpenCV reads these variables at the first capture, so call this before it. Values that the user has set
    stay.
    """
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(TIMEOUT_S))
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET
    if "OPENCV_LOG_LEVEL" not in os.environ:
        module: Any = cv2  # OpenCV 4.12 moved the function
        set_level = getattr(module, "setLogLevel", None) or module.utils.logging.setLogLevel
        set_level(_LOG_ERRORS)


def check_frame_size(capture: cv2.VideoCapture, frames: str = "the frames") -> None:
    """Check the size of a capture's frames, including the one just grabbed, before it is decoded.

    Args:
        capture: an opened capture.
        frames: name of the frames in the error.

    Raises:
        SourceError: the frames have a side over ``MAX_SIDE``, or more than ``MAX_PIXELS``.
    """
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise SourceError(
            f"{frames} are too large: {width:.0f}×{height:.0f} px, expected at most {MAX_SIDE} px a side and "
            f"{MAX_PIXELS} px in all"
        )


def to_rgb(bgr: NDArray[Any]) -> NDArray[np.uint8]:
    """OpenCV's BGR picture as RGB: uint8 (H, W, 3), C-contiguous."""
    return np.ascontiguousarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)
