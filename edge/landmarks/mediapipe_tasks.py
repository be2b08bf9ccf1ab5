"""The official FaceLandmarker of MediaPipe Tasks (0.10.x and 1.x), for comparison.

Its model differs from the mesh's (attention, 478 points); the user names the
``face_landmarker.task`` file that Google offers for download.
"""

from pathlib import Path
from typing import Any

from edge.core.errors import BackendError, ModelError, first_line
from edge.core.types import Face, Frame
from edge.landmarks.mediapipe_mesh import faces_from_normalized
from edge.landmarks.track_ids import TrackIds


class TasksBackend:
    """FaceLandmarker in VIDEO mode; a second one in IMAGE mode is built for still frames."""

    def __init__(self, task: Path, max_faces: int = 1) -> None:
        """Check the package and the file; a landmarker is built with the first frame that needs it.

        Raises:
            BackendError: mediapipe is missing.
            ModelError: ``task`` cannot be read.
        """
        try:
            import mediapipe
            from mediapipe.tasks.python import vision
        except ImportError:
            raise BackendError(
                "the backend mediapipe-tasks needs the package mediapipe in an environment of its own; "
                "run: pip install -r requirements-mediapipe.txt"
            ) from None
        try:
            self._model = task.read_bytes()
        except OSError as error:
            raise ModelError(
                f"cannot read {task}: {error.strerror}; the setting task_file must name "
                "Google's face_landmarker.task"
            ) from None
        self._mediapipe, self._vision = mediapipe, vision
        self._task, self._max_faces = task, max_faces
        self._landmarkers: dict[bool, Any] = {}
        self._ids = TrackIds()
        self._last_ms = -1

    def detect(self, frame: Frame) -> list[Face]:
        """Faces of one frame, see ``LandmarkBackend``; the ``presence`` of each is 1.0.

        Raises:
            ModelError: MediaPipe refuses the task file.
        """
        if frame.still not in self._landmarkers:
            self._landmarkers[frame.still] = self._build(frame.still)
        landmarker = self._landmarkers[frame.still]
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=frame.rgb)
        if frame.still:
            result = landmarker.detect(image)
        else:
            # MediaPipe wants strictly increasing times.
            self._last_ms = max(frame.time_ns // 1_000_000, self._last_ms + 1)
            result = landmarker.detect_for_video(image, self._last_ms)
        return faces_from_normalized(result.face_landmarks, frame, self._ids)

    def close(self) -> None:
        """Release the landmarkers."""
        for landmarker in self._landmarkers.values():
            landmarker.close()
        self._landmarkers.clear()

    def _build(self, still: bool) -> Any:
        tasks = self._mediapipe.tasks
        mode = self._vision.RunningMode.IMAGE if still else self._vision.RunningMode.VIDEO
        options = self._vision.FaceLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_buffer=self._model),
            running_mode=mode,
            num_faces=self._max_faces,
        )
        try:
            return self._vision.FaceLandmarker.create_from_options(options)
        except (RuntimeError, ValueError) as error:
            reason = first_line(error)
            raise ModelError(f"MediaPipe refuses {self._task}: {reason}") from None
