"""Boxes, meshes and labels on a picture. OpenCV only."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.types import Frame
from edge.landmarks.mesh import CONTOURS
from mien.results import Face, Result

# Colours that look the same in RGB and BGR.
_GREEN, _WHITE, _BLACK = (60, 220, 60), (255, 255, 255), (0, 0, 0)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw(picture: NDArray[np.uint8] | Frame, result: Result, *, mesh: bool = True) -> NDArray[np.uint8]:
    """A copy of a picture with each face's box, mesh and label on it.

    Args:
        picture: the picture of the result: uint8 (H, W, 3), RGB or BGR; or a frame, which is RGB.
        result: the result of a ``Recognizer``.
        mesh: whether to draw the contours of face, eyes, brows and lips.

    Returns:
        uint8 (H, W, 3), in the color order of ``picture``.
    """
    canvas = (picture.rgb if isinstance(picture, Frame) else picture).copy()
    thickness = max(1, round(max(canvas.shape[:2]) / 400))
    for face in result:
        if mesh:
            _draw_mesh(canvas, face, thickness)
        x, y, width, height = (round(value) for value in face.box)
        cv2.rectangle(canvas, (x, y), (x + width, y + height), _GREEN, thickness, cv2.LINE_AA)
        _draw_label(canvas, face, x, y, thickness)
    return canvas


def _draw_mesh(canvas: NDArray[np.uint8], face: Face, thickness: int) -> None:
    points = np.rint(face.landmarks[:, :2]).astype(np.int32)
    for indices, closed in CONTOURS:
        cv2.polylines(canvas, [points[list(indices)]], closed, _WHITE, max(1, thickness // 2), cv2.LINE_AA)


def _draw_label(canvas: NDArray[np.uint8], face: Face, x: int, y: int, thickness: int) -> None:
    text = f"{face.label} {face.score:.0%}" + ("" if face.status == "ok" else "?")
    scale = 0.4 * thickness
    (width, height), below = cv2.getTextSize(text, _FONT, scale, thickness)
    bottom = (
        y if y > height + below else y + height + 2 * below
    )  # below the upper edge of a box at the border
    top_left, bottom_right = (x, bottom - height - 2 * below), (x + width, bottom)
    cv2.rectangle(canvas, top_left, bottom_right, _GREEN, cv2.FILLED)
    cv2.putText(canvas, text, (x, bottom - below), _FONT, scale, _BLACK, thickness, cv2.LINE_AA)
