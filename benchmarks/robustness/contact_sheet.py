"""Pictures of every corruption in every severity, on the two portraits of the demo."""

import zlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from benchmarks.demo import portraits
from benchmarks.systems.system import PipelineSystem
from edge.core.errors import BackendError
from edge.core.files import check_replaceable, write_atomic
from edge.core.types import Face, Roi
from edge.landmarks.geometry import crop, crop_to_picture
from edge.settings import Settings
from edge.sources.pictures import read_picture
from evaluation.corruptions import (
    LANDMARKS,
    OCCLUSIONS,
    PICTURES,
    REGIONS_OF_INTEREST,
    SEVERITIES,
    generator,
    make_frame,
)
from evaluation.corruptions.occlusions import Landmarks
from evaluation.corruptions.pictures import Picture

_GAP = 4  # px between pictures
_HEAD = 22  # px, the line with the severities
_SIDE = 358  # px, of an enlarged face: as large as a frame
_GREEN = (0, 200, 0)
_SIGNATURE = b"tEXtSoftware\0Mien"


def write_sheets(folder: Path, names: Sequence[str], settings: Settings, seed: int) -> None:
    """Write one ``NAME.png`` for each corruption: a row for each portrait, severities 0 (clean) to 5.

    Landmarks are drawn as points, the frames of a drift over each other, regions as squares. The folder is
    made if it does not exist.

    Raises:
        DataError: a file that this program did not write would be replaced.
        ModelError: a portrait or face model is missing or altered.
        OSError: the folder cannot be written.
    """
    check_sheets(folder, names)
    with closing(PipelineSystem(settings)) as system:
        pictures = [read_picture(path) for path in portraits(settings.landmarks)]
        frames = [make_frame(_closer(picture, system)) for picture in pictures]
        faces = [_found(system, rgb) for rgb in frames]
        for name in names:
            rows = [
                [
                    _damaged(name, severity, rgb, face, system, generator(seed, name, severity, index))
                    for severity in (0, *SEVERITIES)
                ]
                for index, (rgb, face) in enumerate(zip(frames, faces, strict=True))
            ]
            _, code = cv2.imencode(".png", cv2.cvtColor(_sheet(name, rows), cv2.COLOR_RGB2BGR))
            write_atomic(folder / f"{name}.png", _signed(code.tobytes()))


def check_sheets(folder: Path, names: Sequence[str]) -> None:
    """See that nothing but older sheets would be replaced.

    Raises:
        DataError: another file would be replaced.
        OSError: a file cannot be read.
    """
    for name in names:
        check_replaceable(folder / f"{name}.png", lambda content: _SIGNATURE in content[:100])


def _signed(png: bytes) -> bytes:
    """A PNG with a chunk behind its header, of 33 bytes, that names the program which made it."""
    length, checksum = len(_SIGNATURE) - 4, zlib.crc32(_SIGNATURE)
    return png[:33] + length.to_bytes(4, "big") + _SIGNATURE + checksum.to_bytes(4, "big") + png[33:]


def _closer(rgb: Picture, system: PipelineSystem) -> Picture:
    """The upright square around the face of a picture."""
    roi = _found(system, rgb).roi
    assert roi is not None
    half = roi.size / 2
    left, top = max(0, round(roi.center_x - half)), max(0, round(roi.center_y - half))
    right, bottom = round(roi.center_x + half), round(roi.center_y + half)
    return np.ascontiguousarray(rgb[top:bottom, left:right])


def _found(system: PipelineSystem, rgb: Picture) -> Face:
    face = system.find(rgb)
    if face is None:
        raise BackendError("no face found in a portrait: are these the pinned face models?")
    return face


def _damaged(
    name: str, severity: int, rgb: Picture, face: Face, system: PipelineSystem, rng: np.random.Generator
) -> Picture:
    if name in PICTURES:
        return PICTURES[name](rgb, severity=severity, rng=rng) if severity else rgb
    if name in OCCLUSIONS:
        return OCCLUSIONS[name](rgb, face.landmarks, severity=severity, rng=rng) if severity else rgb
    assert face.roi is not None
    if name in LANDMARKS:
        frames = [face.landmarks]
        if severity:
            frames = LANDMARKS[name](face.landmarks, system.mean_face, severity=severity, rng=rng)
        return _with_points(rgb, face.roi, frames)
    roi = REGIONS_OF_INTEREST[name](face.roi, severity=severity, rng=rng) if severity else face.roi
    corners = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]]) @ crop_to_picture(roi, 1).T
    picture = rgb.copy()
    cv2.polylines(picture, [np.rint(corners).astype(np.int32)], True, _GREEN, 2)
    return picture


def _with_points(rgb: Picture, roi: Roi, frames: Sequence[Landmarks]) -> Picture:
    """The face region, enlarged, with the landmarks of every frame."""
    matrix = crop_to_picture(roi, _SIDE)
    picture = np.empty((_SIDE, _SIDE, 3), np.uint8)
    crop(rgb, matrix, picture, cv2.BORDER_REPLICATE)
    to_crop = cv2.invertAffineTransform(matrix)
    for landmarks in frames:
        points = landmarks[:, :2] @ to_crop[:, :2].T + to_crop[:, 2]
        for x, y in np.rint(points).astype(int).tolist():
            cv2.circle(picture, (x, y), 1, _GREEN, -1)
    return picture


def _sheet(name: str, rows: list[list[Picture]]) -> Picture:
    width = max(picture.shape[1] for row in rows for picture in row)
    lines = [np.hstack([_framed(picture, width) for picture in row]) for row in rows]
    head = np.full((_HEAD, lines[0].shape[1], 3), 255, np.uint8)
    for severity in range(len(rows[0])):
        text = f"{name} {severity}" if severity else "clean"
        place = (severity * (width + 2 * _GAP) + _GAP, _HEAD - 6)
        cv2.putText(head, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([head, *lines])


def _framed(picture: Picture, width: int) -> Picture:
    right = width - picture.shape[1] + _GAP
    return np.pad(picture, ((_GAP, _GAP), (_GAP, right), (0, 0)), constant_values=255)
