"""The official FaceMesh graph (``mp.solutions.face_mesh``, mediapipe 0.10.18), for comparison."""

from typing import Any

import numpy as np

from edge.core.errors import BackendError
from edge.core.types import Face, Frame
from edge.landmarks.litert import MIN_PRESENCE, next_roi
from edge.landmarks.track_ids import TrackIds


class FaceMeshBackend:
    """MediaPipe's own tracking graph; a second, single-image graph is built for still frames."""

    def __init__(self, max_faces: int = 1) -> None:
        """Check that the package is there; a graph is built with the first frame that needs it.

        Raises:
            BackendError: mediapipe is missing or has no ``solutions``.
        """
        try:
            from mediapipe import solutions
        except ImportError:
            raise BackendError(
                "the backend mediapipe needs the package mediapipe 0.10.18 (Python ≤ 3.12) in an environment "
                "of its own; run: pip install -r requirements-mediapipe.txt"
            ) from None
        self._face_mesh = solutions.face_mesh.FaceMesh
        self._max_faces = max_faces
        self._graphs: dict[bool, Any] = {}
        self._ids = TrackIds()

    def detect(self, frame: Frame) -> list[Face]:
        """Faces of one frame, see ``LandmarkBackend``.

        The ``presence`` of each is 1.0: the graph reports only faces above its threshold, without the number.
        """
        if frame.still not in self._graphs:
            self._graphs[frame.still] = self._face_mesh(
                static_image_mode=frame.still,
                max_num_faces=self._max_faces,
                min_detection_confidence=0.5,
                min_tracking_confidence=MIN_PRESENCE,
            )
        found = self._graphs[frame.still].process(frame.rgb).multi_face_landmarks or []
        return faces_from_normalized([face.landmark for face in found], frame, self._ids)

    def close(self) -> None:
        """Release the graphs."""
        for graph in self._graphs.values():
            graph.close()
        self._graphs.clear()


def faces_from_normalized(found: list[Any], frame: Frame, ids: TrackIds) -> list[Face]:
    """MediaPipe's normalized landmarks → faces in px.

    Args:
        found: for each face, a sequence of points with ``x y z``; x and z are fractions of the
            picture's width, y of its height.
        ids: assigns the track ids.
    """
    height, width = frame.rgb.shape[:2]
    to_px = np.array([width, height, width], np.float32)
    landmarks = [np.array([(p.x, p.y, p.z) for p in points], np.float32) * to_px for points in found]
    track_ids = ids.assign([next_roi(points) for points in landmarks], frame.still)
    return [
        Face(landmarks=points, presence=1.0, roi=None, track_id=track_id)
        for points, track_id in zip(landmarks, track_ids, strict=True)
    ]
