"""Give faces the ids of the frame before, for backends that do not tell."""

from edge.core.types import Roi
from edge.landmarks.geometry import iou

MIN_IOU = 0.3
"""A face is taken for one of the last frame when their regions overlap at least this much."""


class TrackIds:
    """Greedy matching of regions between two frames, in the order in which they come."""

    def __init__(self) -> None:
        self._last: list[tuple[Roi, int]] = []
        self._next_id = 0

    def assign(self, rois: list[Roi], still: bool) -> list[int]:
        """Ids for the faces of one frame.

        Args:
            rois: one for each face.
            still: the frame has nothing to do with the one before it: every id is new.
        """
        free = [] if still else list(self._last)
        current = []
        for roi in rois:
            match = max(free, key=lambda known: iou(roi, known[0]), default=None)
            if match is not None and iou(roi, match[0]) >= MIN_IOU:
                free.remove(match)
                current.append((roi, match[1]))
            else:
                current.append((roi, self._next_id))
                self._next_id += 1
        self._last = [] if still else current
        return [track_id for _, track_id in current]
