"""Track ids for the faces of backends that report none."""

from edge.core.types import Roi
from edge.landmarks.geometry import iou

MIN_IOU = 0.3
"""Overlap of two regions from which on they are the same face in two frames (intersection over union)."""


class TrackIds:
    """Greedy matching of regions between two frames, in the order in which they come."""

    def __init__(self) -> None:
        self._last: list[tuple[Roi, int]] = []
        self._next_id = 0

    def assign(self, rois: list[Roi], still: bool) -> list[int]:
        """Ids for the faces of one frame.

        Args:
            rois: the region of each face.
            still: whether the frame is unrelated to the one before it, so that every id is new.
        """
        free = [] if still else list(self._last)
        current = []
        for roi in rois:
            match = max(free, key=lambda last: iou(roi, last[0]), default=None)
            if match is not None and iou(roi, match[0]) >= MIN_IOU:
                free.remove(match)
                current.append((roi, match[1]))
            else:
                current.append((roi, self._next_id))
                self._next_id += 1
        self._last = [] if still else current
        return [track_id for _, track_id in current]
