"""The default backend: MediaPipe's two face models, run straight on the TFLite runtime.

Follows MediaPipe 0.10.18's ``face_landmark_front_cpu.pbtxt``: detect when fewer faces than
``max_faces`` are tracked, else take each face's region from its last landmarks.
"""

import math
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from edge.core.features import EYE_ANCHORS, MESH_POINTS
from edge.core.types import Face, Frame, Roi
from edge.landmarks.detector import FIRST_ATTEMPT, DetectionAttempt, FaceDetector, windows
from edge.landmarks.geometry import iou, roi_around, same_face
from edge.landmarks.landmark_model import LandmarkModel
from edge.landmarks.models import FaceModels
from edge.landmarks.restoration import restore

MIN_PRESENCE = 0.5
"""Presence below which a region holds no face, and a tracked face is lost (MediaPipe's default)."""
SURE_PRESENCE = 0.95
"""Presence that a face which only a window onto a still frame shows must reach, in its mirrored pass too."""
SAME_FACE_IOU = 0.5
"""Overlap of two regions beyond which they belong to one face (``association_norm_rect_calculator.cc``)."""

FURTHER_ATTEMPTS = (
    DetectionAttempt(zoom=1.3, min_score=0.2),
    DetectionAttempt(min_score=0.1),
    DetectionAttempt(zoom=1.3, rotation=math.radians(30), min_score=0.2),
    DetectionAttempt(zoom=1.3, rotation=math.radians(-30), min_score=0.2),
)
"""Attempts on a still frame in which the first one finds no face: with a margin, for faces that fill the
picture; tilted, for faces that are. The landmark model's presence sorts out what is no face."""

_LEFT_EYE, _RIGHT_EYE = EYE_ANCHORS[MESH_POINTS]


@dataclass(frozen=True, slots=True)
class _Track:
    """A region that the landmark model is to search for a face."""

    roi: Roi
    id: int | None = None
    """Track id of the face; None: a detection that is not yet a face."""


class LitertBackend:
    """Detection, tracking and landmarks without the mediapipe package.

    In a sequence, the detector runs only while fewer than ``max_faces`` faces are tracked. A face
    whose presence drops is lost in that frame and searched for in the next.

    ``Frame.still`` turns tracking off for that frame and forgets the tracks. A still frame has no next frame
    in which a face could be found, so where MediaPipe's own detection finds none, ``FURTHER_ATTEMPTS``
    follow; where several faces are wanted and fewer were found, ``windows`` onto the picture; where there is
    still no face, all attempts on the restored picture. Nor is there a next frame that would confirm a face,
    so each face gets a second, mirrored pass (``Face.mirrored``).
    """

    def __init__(self, models: FaceModels, max_faces: int = 1, threads: int = 1) -> None:
        """Build both interpreters.

        Args:
            models: verified flatbuffers, and the names of the maps that faces get in ``Face.maps``.
            max_faces: the most faces that are reported for a frame, ≥ 1.
            threads: CPU threads of one run of a network.

        Raises:
            BackendError: the runtime is missing or refuses a model.
        """
        self.detector = FaceDetector(models.detector, threads)
        self.landmark_model = LandmarkModel(models.landmarker, threads, models.maps)
        self._max_faces = max_faces
        self._tracks: list[_Track] = []
        self._ids = count()

    def detect(self, frame: Frame) -> list[Face]:
        """Faces of one frame: tracked ones first; in a still frame those that the whole picture shows first.

        Args:
            frame: ``rgb`` uint8 (H, W, 3).

        Returns:
            At most ``max_faces`` faces; an empty list where there is none.
        """
        if frame.still:
            faces = self._find_with_mirrored(frame)
            if 1 < self._max_faces > len(faces):
                faces = self._add_faces_of_windows(frame.rgb, faces)
            if faces:
                return faces
            # A picture restored from next to nothing shows faces in stains: the mirror must show them too.
            restored = replace(frame, rgb=restore(frame.rgb))
            return [face for face in self._find_with_mirrored(restored) if face.mirrored]
        tracks = self._tracks
        if len(tracks) < self._max_faces:
            tracks = tracks + [_Track(roi) for roi in self.detector.detect(frame.rgb)[: self._max_faces]]
        chosen = _without_overlaps(tracks)[: self._max_faces]
        faces = [face for track in chosen if (face := self._face(frame.rgb, track))]
        self._tracks = [_Track(next_roi(face.landmarks), face.track_id) for face in faces]
        return faces

    def find(self, frame: Frame) -> list[Face]:
        """Faces of a still frame without mirrored passes, windows and restoration; forgets the tracks."""
        self._tracks = []
        attempts = (FIRST_ATTEMPT, *FURTHER_ATTEMPTS)
        return next(filter(None, (self._attempt(frame.rgb, attempt) for attempt in attempts)), [])

    def detect_in(self, frame: Frame, roi: Roi) -> list[Face]:
        """The face in a region that the caller knows, without detector and tracking.

        Returns:
            One face, or none where its presence is too low.
        """
        face = self._face(frame.rgb, _Track(roi))
        return [face] if face else []

    def invoke_landmark_model(self) -> None:
        """Run the bare landmark network once more on the input it holds: the floor for benchmarks."""
        self.landmark_model.interpreter.invoke()

    def forget_tracks(self) -> None:
        """Treat the next frame as unrelated to those before it: its faces get new ids."""
        self._tracks = []

    def restart(self) -> None:
        """Treat the next frame as the first one: the ids of its faces begin at 0 again."""
        self.forget_tracks()
        self._ids = count()

    def close(self) -> None:
        """Do nothing: there is nothing to release."""

    def _find_with_mirrored(self, frame: Frame) -> list[Face]:
        """Faces of a still frame, each with its mirrored pass."""
        return [replace(face, mirrored=self._mirrored_pass(frame.rgb, face)) for face in self.find(frame)]

    def _attempt(self, rgb: NDArray[np.uint8], attempt: DetectionAttempt) -> list[Face]:
        """The faces that one run of the detector finds in a still frame."""
        faces: list[Face] = []
        for track in _without_overlaps([_Track(roi) for roi in self.detector.detect(rgb, attempt)]):
            face = self._face(rgb, track, tries=2) if len(faces) < self._max_faces else None
            if face and not _is_among(next_roi(face.landmarks), faces):
                faces.append(face)
        return faces

    def _add_faces_of_windows(self, rgb: NDArray[np.uint8], faces: list[Face]) -> list[Face]:
        """The faces that the whole picture shows, then those that only windows onto it show.

        A doubtful face gives way to sure ones: its landmarks may lie between two people.
        """
        sure = [face for face in faces if _is_sure(face)]
        added: list[Face] = []
        for roi in (roi for view in windows(*rgb.shape[:2]) for roi in self.detector.detect_in(rgb, view)):
            if _is_among(roi, sure + added):
                continue
            face = self._sure_face(rgb, roi)
            if face and not _is_among(next_roi(face.landmarks), sure + added):
                added.append(face)
                if len(sure + added) == self._max_faces:
                    break
        kept = [face for face in faces if _is_sure(face) or not _is_among(next_roi(face.landmarks), added)]
        return (kept + added)[: self._max_faces]

    def _sure_face(self, rgb: NDArray[np.uint8], roi: Roi) -> Face | None:
        """The face in a region, if its mirrored pass is as sure and both eyes are in the picture."""
        face = self._face(rgb, _Track(roi), tries=2, min_presence=SURE_PRESENCE)
        if face is None:
            return None
        face = replace(face, mirrored=self._mirrored_pass(rgb, face))
        eyes = face.landmarks[[_LEFT_EYE, _RIGHT_EYE], :2]
        inside = bool(((eyes >= 0) & (eyes < rgb.shape[1::-1])).all())
        return face if inside and _is_sure(face) else None

    def _face(
        self, rgb: NDArray[np.uint8], track: _Track, tries: int = 1, min_presence: float = MIN_PRESENCE
    ) -> Face | None:
        """The face in a region; each further try takes its region from the landmarks of the try before."""
        roi = track.roi
        for _ in range(tries):
            landmarks, presence = self.landmark_model.run(rgb, roi)
            if presence >= min_presence:
                track_id = next(self._ids) if track.id is None else track.id
                return Face(landmarks, presence, roi, track_id, self.landmark_model.maps())
            roi = next_roi(landmarks)
        return None

    def _mirrored_pass(self, rgb: NDArray[np.uint8], face: Face) -> Face | None:
        """The face as its mirror image shows it, in the region in which tracking would search next."""
        roi = next_roi(face.landmarks)
        landmarks, presence = self.landmark_model.run(rgb, roi, mirrored=True)
        if presence < MIN_PRESENCE:
            return None
        return Face(landmarks, presence, roi, face.track_id, self.landmark_model.maps())


def next_roi(landmarks: NDArray[np.float32]) -> Roi:
    """The region in which to search for a face in the next frame: its axis-aligned box, turned by its eyes.

    Follows ``face_landmark_landmarks_to_roi.pbtxt``.
    """
    # Behind a network that has emptied the caches, each call of NumPy costs 10 µs and more: few of them.
    x_min, y_min, _ = np.minimum.reduce(landmarks).tolist()
    x_max, y_max, _ = np.maximum.reduce(landmarks).tolist()
    eye_dx, eye_dy, _ = (landmarks[_RIGHT_EYE] - landmarks[_LEFT_EYE]).tolist()
    return roi_around(x_min, y_min, x_max, y_max, eye_dx, eye_dy)


def _without_overlaps(tracks: list[_Track]) -> list[_Track]:
    """The regions that overlap no earlier one too much; tracked faces come before detections."""
    kept: list[_Track] = []
    for track in tracks:
        if all(iou(track.roi, earlier.roi) <= SAME_FACE_IOU for earlier in kept):
            kept.append(track)
    return kept


def _is_sure(face: Face) -> bool:
    """Whether both passes over a face are hardly anything but a face."""
    return face.mirrored is not None and min(face.presence, face.mirrored.presence) >= SURE_PRESENCE


def _is_among(roi: Roi, faces: list[Face]) -> bool:
    """Whether a region belongs to one of the faces."""
    return any(same_face(roi, next_roi(face.landmarks)) for face in faces)
