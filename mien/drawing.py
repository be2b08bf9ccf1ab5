"""Boxes, meshes and labels on a picture. OpenCV only."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.types import Frame
from edge.landmarks.mesh import CONTOURS
from mien.results import Face, Result

# Colours that look the same in RGB and BGR.
_GREEN, _WHITE, _BLACK = (60, 220, 60), (255, 255, 255), (0, 0, 0)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SHADOWED = 160
"""Side of a face, px, from which on its mesh has a shadow, which would hide much of a smaller one."""
_LEAST_SCALE = 0.4
"""Scale of the smallest letters that can be read, 9 px high."""


class _Rectangle(NamedTuple):
    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> int:
        """The longer side, px."""
        return max(self.right - self.left, self.bottom - self.top)

    def overlap(self, other: _Rectangle) -> int:
        """The area that both cover, px."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, width) * max(0, height)


def draw(
    picture: NDArray[np.uint8] | Frame, result: Result, *, mesh: bool = True, ids: bool = False
) -> NDArray[np.uint8]:
    """A copy of a picture with each face's box, mesh and label on it.

    A label ends in ``?`` where its status is not ``ok``. Lines and letters grow with the picture; they are
    thinner and smaller on small faces.

    Args:
        picture: the picture of the result: uint8 (H, W, 3), RGB or BGR; or a frame, which is RGB.
        result: the result of a ``Recognizer``.
        mesh: whether to draw the contours of face, eyes, brows and lips.
        ids: whether to write the number of each face before its label.

    Returns:
        uint8 (H, W, 3), in the color order of ``picture``.
    """
    canvas = (picture.rgb if isinstance(picture, Frame) else picture).copy()
    unit = max(canvas.shape[:2]) / 400
    boxes = [_rectangle(face) for face in result]
    if mesh:
        _draw_meshes(canvas, result, unit)
    for box in boxes:
        cv2.rectangle(canvas, box[:2], box[2:], _GREEN, _thickness(min(unit, box.size / 50)), cv2.LINE_AA)
    labels: list[_Rectangle] = []
    for number, (face, box) in enumerate(zip(result, boxes, strict=True)):
        others = boxes[:number] + boxes[number + 1 :]
        labels.append(_draw_label(canvas, _text(face, ids), box, unit, labels, others))
    return canvas


def _rectangle(face: Face) -> _Rectangle:
    x, y, width, height = (round(value) for value in face.box)
    return _Rectangle(x, y, x + width, y + height)


def _thickness(px: float) -> int:
    return max(1, round(px))


def _draw_meshes(canvas: NDArray[np.uint8], result: Result, unit: float) -> None:
    """White lines, on larger faces with a shadow, so that they are seen on bright skin, too."""
    large = [face for face in result if _rectangle(face).size >= _SHADOWED]
    if large:
        shadows = canvas.copy()
        for face in large:
            _draw_contours(shadows, face, _BLACK, _mesh_thickness(face, unit) + 2)
        cv2.addWeighted(shadows, 0.4, canvas, 0.6, 0, canvas)
    for face in result:
        _draw_contours(canvas, face, _WHITE, _mesh_thickness(face, unit))


def _mesh_thickness(face: Face, unit: float) -> int:
    return _thickness(min(unit / 2, _rectangle(face).size / 200))


def _draw_contours(
    canvas: NDArray[np.uint8], face: Face, color: tuple[int, int, int], thickness: int
) -> None:
    points = np.rint(face.landmarks[:, :2]).astype(np.int32)
    for indices, closed in CONTOURS:
        cv2.polylines(canvas, [points[list(indices)]], closed, color, thickness, cv2.LINE_AA)


def _text(face: Face, ids: bool) -> str:
    """The label of a face in the characters of OpenCV's font, which are those of ASCII."""
    label = unicodedata.normalize("NFKD", face.label).encode("ascii", "ignore").decode().strip()
    doubt = "" if face.status == "ok" else "?"
    return f"{f'#{face.id} ' if ids else ''}{label or 'face'} {face.score:.0%}{doubt}"


def _draw_label(
    canvas: NDArray[np.uint8],
    text: str,
    box: _Rectangle,
    unit: float,
    labels: list[_Rectangle],
    others: list[_Rectangle],
) -> _Rectangle:
    """Write a label at its box, where it covers the least of other labels and boxes; gives its place."""
    scale = _scale(text, unit, box.right - box.left)
    thickness = _thickness(1.8 * scale)
    (width, height), below = cv2.getTextSize(text, _FONT, scale, thickness)
    margin = below // 2 + thickness // 2
    width, height = width + 2 * margin, height + below + margin
    left = max(0, min(box.left, canvas.shape[1] - width))
    places = [
        _Rectangle(left, top, left + width, top + height)
        for top in (box.top - height, box.bottom, box.top, box.bottom - height)
        if 0 <= top <= canvas.shape[0] - height
    ]
    if not places:  # the picture is not as high as a label, or the box covers it all
        places = [_Rectangle(left, max(0, box.top), left + width, max(0, box.top) + height)]

    def covered(place: _Rectangle) -> int:
        # A hidden label tells nothing; what is hidden of another face costs less.
        return 4 * sum(map(place.overlap, labels)) + sum(map(place.overlap, others))

    place = min(places, key=covered)
    cv2.rectangle(canvas, place[:2], (place.right, place.bottom), _GREEN, cv2.FILLED)
    origin = (place.left + margin, place.bottom - below)
    cv2.putText(canvas, text, origin, _FONT, scale, _BLACK, thickness, cv2.LINE_AA)
    return place


def _scale(text: str, unit: float, face_width: int) -> float:
    """Scale of the letters: by the picture, down to half of that where the label is wider than its face."""
    scale = max(_LEAST_SCALE, 0.34 * unit)
    width = cv2.getTextSize(text, _FONT, scale, _thickness(1.8 * scale))[0][0]
    fitting = scale * 1.2 * max(1, face_width) / width
    return max(_LEAST_SCALE, scale / 2, min(scale, fitting))
