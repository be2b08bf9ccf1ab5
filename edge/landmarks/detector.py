"""MediaPipe's short-range face detector (BlazeFace) on the TFLite runtime.

Follows ``face_detection_short_range.pbtxt``, ``ssd_anchors_calculator.cc``,
``tensors_to_detections_calculator.cc`` and ``non_max_suppression_calculator.cc``.
BlazeFace: Bazarevsky et al., 2019, arXiv:1907.05047.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.runtime import make_interpreter
from edge.core.types import Roi
from edge.landmarks.geometry import crop, crop_to_picture, roi_around, whole_picture

SIDE = 128
"""Width and height of the model's input, px."""
SUPPRESSION_IOU = 0.3
"""Overlap beyond which two candidates are one face (MediaPipe's)."""
_LEFT_EYE, _RIGHT_EYE = 0, 1  # keypoints; left and right on the picture


def ssd_anchors() -> NDArray[np.float32]:
    """Centres of the 896 anchors: float32 (896, 2), x and y, 0–1. Their width and height are 1.

    A 16×16 grid with 2 anchors a cell (stride 8), then an 8×8 grid with 6 (three layers of stride 16).
    """
    layers = []
    for cells, per_cell in ((16, 2), (8, 6)):
        centers = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        y, x = np.meshgrid(centers, centers, indexing="ij")
        layers.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), per_cell, axis=0))
    return np.concatenate(layers)


_ANCHORS = ssd_anchors()


@dataclass(frozen=True, slots=True)
class DetectionAttempt:
    """How one run of the detector shows the picture to the model, and what it accepts as a face."""

    zoom: float = 1.0
    """Side of the square that the model sees, in longer sides of the picture: more than 1 adds a margin."""
    rotation: float = 0.0
    """Angle by which that square is turned, radians clockwise on the screen."""
    min_score: float = 0.5
    """Score, 0–1, below which candidates are dropped. 0.5 is MediaPipe's."""


FIRST_ATTEMPT = DetectionAttempt()
"""The only attempt that MediaPipe makes."""


def windows(height: int, width: int) -> Iterator[Roi]:
    """Squares that cover a picture row by row, each of them overlapping the next by half or more.

    First those with a half, then those with a quarter of the picture's longer side: 9 and 49 of a square
    picture, fewer of any other.
    """
    for side in (max(height, width) / 2, max(height, width) / 4):
        for center_y in _centers(height, side):
            for center_x in _centers(width, side):
                yield Roi(center_x, center_y, side, 0.0)


def _centers(length: int, side: float) -> list[float]:
    """Centres of the windows along one edge of the picture, px."""
    steps = max(0, math.ceil((length - side) / (side / 2)))
    return [side / 2 + step * (length - side) / steps for step in range(steps + 1)] if steps else [length / 2]


@dataclass(frozen=True, slots=True)
class Detections:
    """Faces in one picture, best first; positions are fractions of the detector's square input, 0–1."""

    scores: NDArray[np.float32]
    """float32 (N,), logits."""
    boxes: NDArray[np.float32]
    """float32 (N, 4): x_min, y_min, x_max, y_max."""
    keypoints: NDArray[np.float32]
    """float32 (N, 6, 2), x and y: eyes, nose tip, mouth, ears."""


def decode(
    regressors: NDArray[np.float32], logits: NDArray[np.float32], min_score: float = 0.5
) -> Detections:
    """Raw tensors → candidates above the score threshold, best first.

    Args:
        regressors: float32 (896, 16): box centre, width, height, then 6 keypoints, in input px.
        logits: float32 (896,).
        min_score: probability, between 0 and 1, that a candidate must reach.
    """
    keep = np.flatnonzero(logits >= math.log(min_score / (1 - min_score)))
    keep = keep[np.argsort(-logits[keep], kind="stable")]
    points = regressors[keep].reshape(-1, 8, 2) / SIDE
    center = points[:, 0] + _ANCHORS[keep]
    half = points[:, 1] / 2
    boxes = np.concatenate([center - half, center + half], axis=1, dtype=np.float32)
    keypoints = (points[:, 2:] + _ANCHORS[keep][:, None]).astype(np.float32)
    valid = (half > 0).all(axis=1)
    return Detections(logits[keep][valid], boxes[valid], keypoints[valid])


def suppress(candidates: Detections) -> Detections:
    """Weighted non-maximum suppression: overlapping candidates become their score-weighted mean."""
    scores = 1.0 / (1.0 + np.exp(-candidates.scores))
    remaining = np.arange(len(scores))
    best, boxes, keypoints = [], [], []
    while len(remaining):
        best_index = remaining[0]
        overlap = _box_iou(candidates.boxes[best_index], candidates.boxes[remaining]) > SUPPRESSION_IOU
        overlap[0] = True
        group = remaining[overlap]
        weights = scores[group] / scores[group].sum()
        best.append(candidates.scores[best_index])
        boxes.append((candidates.boxes[group] * weights[:, None]).sum(axis=0))
        keypoints.append((candidates.keypoints[group] * weights[:, None, None]).sum(axis=0))
        remaining = remaining[~overlap]
    if not best:
        return candidates
    return Detections(np.array(best), np.array(boxes), np.array(keypoints))


class FaceDetector:
    """Picture → regions for the landmark model."""

    def __init__(self, model: bytes, threads: int) -> None:
        """Build the interpreter.

        Raises:
            BackendError: the runtime is missing or refuses the model.
        """
        self._interpreter = make_interpreter(model, threads, "the face detector")
        outputs = self._interpreter.get_output_details()
        by_columns = {int(o["shape"][-1]): o["index"] for o in outputs}
        self._regressors = self._interpreter.tensor(by_columns[16])
        self._logits = self._interpreter.tensor(by_columns[1])
        self._input = self._interpreter.tensor(self._interpreter.get_input_details()[0]["index"])
        self._crop = np.empty((SIDE, SIDE, 3), np.uint8)

    def detect(self, rgb: NDArray[np.uint8], attempt: DetectionAttempt = FIRST_ATTEMPT) -> list[Roi]:
        """Find faces.

        Args:
            rgb: uint8 (H, W, 3).
            attempt: how the picture is shown to the model.

        Returns:
            Regions for the landmark model, best first.
        """
        whole = whole_picture(*rgb.shape[:2])
        view = Roi(whole.center_x, whole.center_y, whole.size * attempt.zoom, attempt.rotation)
        return self.detect_in(rgb, view, attempt.min_score)

    def detect_in(
        self, rgb: NDArray[np.uint8], view: Roi, min_score: float = FIRST_ATTEMPT.min_score
    ) -> list[Roi]:
        """Find faces in a part of the picture.

        Args:
            rgb: uint8 (H, W, 3).
            view: the square that the model sees; black where it lies outside of the picture.
            min_score: see ``DetectionAttempt``.

        Returns:
            Regions for the landmark model, px of the whole picture, best first.
        """
        matrix = crop_to_picture(view, SIDE)
        crop(rgb, matrix, self._crop, cv2.BORDER_CONSTANT)
        np.multiply(self._crop, np.float32(2 / 255), out=self._input()[0])
        self._input()[0] -= 1.0
        self._interpreter.invoke()
        # Copies: a profiler that holds the frame of decode would stop the interpreter from running again.
        regressors, logits = np.array(self._regressors()[0]), np.array(self._logits()[0, :, 0])
        found = suppress(decode(regressors, logits, min_score))
        eyes = found.keypoints[:, _RIGHT_EYE] - found.keypoints[:, _LEFT_EYE]
        return [
            _to_picture(roi_around(*box, *eye), view)
            for box, eye in zip(found.boxes.tolist(), eyes.tolist(), strict=True)
        ]


def _to_picture(roi: Roi, view: Roi) -> Roi:
    """A region in the view's own 0–1 coordinates → in picture px."""
    (a, b, tx), (c, d, ty) = crop_to_picture(view, 1).tolist()
    return Roi(
        center_x=a * roi.center_x + b * roi.center_y + tx,
        center_y=c * roi.center_x + d * roi.center_y + ty,
        size=roi.size * view.size,
        rotation=roi.rotation + view.rotation,
    )


def _box_iou(box: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of a box (4,) with each of (N, 4): float32 (N,)."""
    size = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    shared = np.maximum(size, 0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    result: NDArray[np.float32] = shared / (areas + (box[2:] - box[:2]).prod() - shared)
    return result
