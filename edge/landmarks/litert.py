"""The default backend: MediaPipe's two face models, run straight on the TFLite runtime.

Follows MediaPipe 0.10.18's ``face_landmark_front_cpu.pbtxt``: detect when fewer faces than
``max_faces`` are tracked, else take each face's region from its last landmarks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BackendError
from edge.core.features import EYE_ANCHORS, MESH_POINTS
from edge.core.runtime import make_interpreter
from edge.core.types import Face, Frame, Roi
from edge.landmarks.detector import FIRST_LOOK, FaceDetector, Look, windows
from edge.landmarks.geometry import crop, crop_to_picture, iou, roi_around, same_face
from edge.landmarks.models import FaceModels
from edge.landmarks.restoration import restored
from edge.landmarks.texture import NAME as TEXTURE
from edge.landmarks.texture import REDUCTION, texture

SIDE = 192
"""Input of the landmark model, px."""
MIN_PRESENCE = 0.5
"""Below it a region holds no face, and a tracked face is lost (MediaPipe's default)."""
SURE_PRESENCE = 0.95
"""What a face that only a window onto a single picture shows must reach, and its mirror image too."""
SAME_FACE_IOU = 0.5
"""Regions that overlap more belong to one face (``association_norm_rect_calculator.cc``)."""

FURTHER_LOOKS = (
    Look(zoom=1.3, min_score=0.2),
    Look(min_score=0.1),
    Look(zoom=1.3, rotation=math.radians(30), min_score=0.2),
    Look(zoom=1.3, rotation=math.radians(-30), min_score=0.2),
)
"""Where the first look at a single picture finds nothing: with a margin, for faces that fill the
picture; tilted, for faces that are. The landmark model's presence sorts out what is no face."""

_MIRROR = np.array([[-1.0, 0.0, SIDE], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
"""Crop px to px of the mirrored crop, homogeneous."""

_LEFT_EYE, _RIGHT_EYE = EYE_ANCHORS[MESH_POINTS]


@dataclass(frozen=True, slots=True)
class _Track:
    roi: Roi
    id: int | None = None
    """None: a detection that is not yet a face."""


class LitertBackend:
    """Detection, tracking and landmarks without the mediapipe package.

    In a sequence, the detector runs only while fewer than ``max_faces`` faces are tracked. A face
    whose presence drops is lost in that frame and searched for in the next.

    ``Frame.still`` turns tracking off for that frame and forgets the tracks. There is no next frame
    to find the face in, so where MediaPipe's look finds none, ``FURTHER_LOOKS`` follow; where several
    faces are wanted and fewer were found, ``windows`` onto the picture; where there is still no face, all
    of the looks at the picture ``restored``. Nor is there one that would confirm what was seen, so each
    face is looked at once more (``Face.second``).
    """

    def __init__(self, models: FaceModels, max_faces: int = 1, threads: int = 1) -> None:
        """Build both interpreters.

        Args:
            models: verified flatbuffers; faces get their ``maps``.
            max_faces: the most faces that are reported for a frame, ≥ 1.
            threads: CPU threads of one invoke.

        Raises:
            BackendError: the runtime is missing or refuses a model.
        """
        self._detector = FaceDetector(models.detector, threads)
        self._mesh = LandmarkModel(models.landmarker, threads, models.maps)
        self._max_faces = max_faces
        self._tracks: list[_Track] = []
        self._ids = count()

    def detect(self, frame: Frame) -> list[Face]:
        """Faces of one frame, tracked ones first; of a still frame, those that the whole picture shows first.

        Args:
            frame: ``rgb`` uint8 (H, W, 3).

        Returns:
            At most ``max_faces`` faces; an empty list where there is none.
        """
        if frame.still:
            faces = self._twice(frame)
            if 1 < self._max_faces > len(faces):
                faces = self._completed(frame.rgb, faces)
            if faces:
                return faces
            # A picture restored from next to nothing shows faces in stains: the mirror must show them too.
            again = replace(frame, rgb=restored(frame.rgb))
            return [face for face in self._twice(again) if face.second]
        tracks = self._tracks
        if len(tracks) < self._max_faces:
            tracks = tracks + [_Track(roi) for roi in self._detector.detect(frame.rgb)[: self._max_faces]]
        chosen = _distinct(tracks)[: self._max_faces]
        faces = [face for track in chosen if (face := self._face(frame.rgb, track))]
        self._tracks = [_Track(next_roi(face.landmarks), face.track_id) for face in faces]
        return faces

    def find(self, frame: Frame) -> list[Face]:
        """Faces of a still frame as it is, each looked at once; forgets the tracks."""
        self._tracks = []
        looks = (FIRST_LOOK, *FURTHER_LOOKS)
        return next(filter(None, (self._look(frame.rgb, look) for look in looks)), [])

    def detect_in(self, frame: Frame, roi: Roi) -> list[Face]:
        """The face in a region that the caller knows, without detector and tracking.

        Returns:
            One face, or none where presence is too low.
        """
        face = self._face(frame.rgb, _Track(roi))
        return [face] if face else []

    def invoke_landmark_model(self) -> None:
        """Run the bare landmark network once more on the input it holds: the floor for benchmarks."""
        self._mesh.interpreter.invoke()

    def forget(self) -> None:
        """The next frame has nothing to do with those before it: its faces get new ids."""
        self._tracks = []

    def close(self) -> None:
        """Nothing to release; part of the protocol."""

    def _twice(self, frame: Frame) -> list[Face]:
        """Faces of a still frame, each looked at once more."""
        return [replace(face, second=self._mirrored(frame.rgb, face)) for face in self.find(frame)]

    def _look(self, rgb: NDArray[np.uint8], look: Look) -> list[Face]:
        """What one run of the detector finds in a single picture."""
        faces: list[Face] = []
        for track in _distinct([_Track(roi) for roi in self._detector.detect(rgb, look)]):
            face = self._face(rgb, track, tries=2) if len(faces) < self._max_faces else None
            if face and not _is_among(next_roi(face.landmarks), faces):
                faces.append(face)
        return faces

    def _completed(self, rgb: NDArray[np.uint8], faces: list[Face]) -> list[Face]:
        """The faces that were found, and behind them those that windows onto the picture show.

        A face in doubt gives way to those that are sure: its landmarks may lie between two people.
        """
        sure = [face for face in faces if _is_sure(face)]
        others: list[Face] = []
        for roi in (roi for view in windows(*rgb.shape[:2]) for roi in self._detector.detect_in(rgb, view)):
            if _is_among(roi, sure + others):
                continue
            face = self._sure_face(rgb, roi)
            if face and not _is_among(next_roi(face.landmarks), sure + others):
                others.append(face)
                if len(sure + others) == self._max_faces:
                    break
        kept = [face for face in faces if _is_sure(face) or not _is_among(next_roi(face.landmarks), others)]
        return (kept + others)[: self._max_faces]

    def _sure_face(self, rgb: NDArray[np.uint8], roi: Roi) -> Face | None:
        """The face in a region, if its mirror image shows it as clearly and both eyes are in the picture."""
        face = self._face(rgb, _Track(roi), tries=2, min_presence=SURE_PRESENCE)
        if face is None:
            return None
        face = replace(face, second=self._mirrored(rgb, face))
        eyes = face.landmarks[[_LEFT_EYE, _RIGHT_EYE], :2]
        inside = bool(((eyes >= 0) & (eyes < rgb.shape[1::-1])).all())
        return face if inside and _is_sure(face) else None

    def _face(
        self, rgb: NDArray[np.uint8], track: _Track, tries: int = 1, min_presence: float = MIN_PRESENCE
    ) -> Face | None:
        """The face in a region; a further try looks where the landmarks of the one before lie."""
        roi = track.roi
        for _ in range(tries):
            landmarks, presence = self._mesh.run(rgb, roi)
            if presence >= min_presence:
                track_id = next(self._ids) if track.id is None else track.id
                return Face(landmarks, presence, roi, track_id, self._mesh.maps())
            roi = next_roi(landmarks)
        return None

    def _mirrored(self, rgb: NDArray[np.uint8], face: Face) -> Face | None:
        """The face as a mirror would show it, from where tracking would look for it next."""
        roi = next_roi(face.landmarks)
        landmarks, presence = self._mesh.run(rgb, roi, mirrored=True)
        if presence < MIN_PRESENCE:
            return None
        return Face(landmarks, presence, roi, face.track_id, self._mesh.maps())


class LandmarkModel:
    """``face_landmark.tflite`` that takes pixels: a region of the picture → 468 points and presence, what is
    tapped, and the texture."""

    def __init__(self, model: bytes, threads: int, maps: Sequence[str] = ()) -> None:
        """Build the interpreter.

        Args:
            model: of ``FaceModels.landmarker``, or with other maps behind its two outputs.
            threads: CPU threads of one invoke.
            maps: names of the outputs behind these two, and ``texture`` if it is wanted.

        Raises:
            BackendError: the runtime is missing or refuses the model, or it takes something else than
                pixels.
        """
        self.interpreter: Any = make_interpreter(model, threads, "the face landmark model")
        takes = self.interpreter.get_input_details()
        found = ", ".join(f"{entry['dtype'].__name__} {entry['shape'].tolist()}" for entry in takes)
        if found != (expected := f"uint8 [1, {SIDE}, {SIDE}, 3]"):
            raise BackendError(
                f"the face landmark model must take {expected}, not {found}: "
                "use edge.landmarks.models.find_models"
            )
        points, presence, *further = self.interpreter.get_output_details()
        self._points = self.interpreter.tensor(points["index"])
        self._presence = self.interpreter.tensor(presence["index"])
        tapped = [name for name in maps if name != TEXTURE]
        self._taps = [
            (name, self.interpreter.tensor(entry["index"]))
            for name, entry in zip(tapped, further, strict=True)
        ]
        self._has_texture = TEXTURE in maps
        self._input = self.interpreter.tensor(takes[0]["index"])

    def run(
        self, rgb: NDArray[np.uint8], roi: Roi, mirrored: bool = False
    ) -> tuple[NDArray[np.float32], float]:
        """Landmarks float32 (468, 3) in picture px, and presence 0–1; ``mirrored``: those of the region's
        mirror image in the region's place."""
        matrix = crop_to_picture(roi, SIDE)
        crop(rgb, matrix @ _MIRROR if mirrored else matrix, self._input()[0], cv2.BORDER_REPLICATE)
        self.interpreter.invoke()
        # x and y as the crop lies in the picture, z by its scale: one call instead of eleven.
        (a, b, x), (c, d, y) = matrix.tolist()
        to_picture = np.array(((a, b, 0.0, x), (c, d, 0.0, y), (0.0, 0.0, roi.size / SIDE, 0.0)))
        points = cv2.transform(self._points().reshape(MESH_POINTS, 1, 3), to_picture)
        # Each coordinate contiguous: who comes next takes minima and turns them, five times as fast so.
        landmarks = np.array(points.reshape(MESH_POINTS, 3), np.float32, order="F")
        logit = max(-80.0, self._presence().item())
        return landmarks, 1.0 / (1.0 + math.exp(-logit))

    def maps(self) -> dict[str, NDArray[Any]]:
        """The feature maps and the texture of the last run by name, (height, width, channels) each."""
        # Copies, in one step: an array of the interpreter's memory in a variable may be kept.
        maps = {name: np.array(tensor()[0]) for name, tensor in self._taps}
        if self._has_texture:
            grey = cv2.cvtColor(self._input()[0], cv2.COLOR_RGB2GRAY)
            side = SIDE // REDUCTION
            small = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
            eyes = self._points().reshape(MESH_POINTS, 3)[[_LEFT_EYE, _RIGHT_EYE], :2] / REDUCTION
            maps[TEXTURE] = texture(small, *eyes.tolist())
        return maps


def next_roi(landmarks: NDArray[np.float32]) -> Roi:
    """Where to look for a face in the next frame: its axis-aligned box, turned by its eyes.

    Follows ``face_landmark_landmarks_to_roi.pbtxt``.
    """
    # Behind a network that has emptied the caches, each call of NumPy costs 10 µs and more: few of them.
    x_min, y_min, _ = np.minimum.reduce(landmarks).tolist()
    x_max, y_max, _ = np.maximum.reduce(landmarks).tolist()
    eye_dx, eye_dy, _ = (landmarks[_RIGHT_EYE] - landmarks[_LEFT_EYE]).tolist()
    return roi_around(x_min, y_min, x_max, y_max, eye_dx, eye_dy)


def _distinct(tracks: list[_Track]) -> list[_Track]:
    """Drop every region that overlaps an earlier one; tracked faces come before detections."""
    kept: list[_Track] = []
    for track in tracks:
        if all(iou(track.roi, other.roi) <= SAME_FACE_IOU for other in kept):
            kept.append(track)
    return kept


def _is_sure(face: Face) -> bool:
    """A face of a single picture that is hardly anything else."""
    return face.second is not None and min(face.presence, face.second.presence) >= SURE_PRESENCE


def _is_among(roi: Roi, faces: list[Face]) -> bool:
    return any(same_face(roi, next_roi(face.landmarks)) for face in faces)
