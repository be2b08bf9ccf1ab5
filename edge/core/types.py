"""The values that pass between the parts of the program. Arrays are checked once, where they enter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.core.pose import Pose
from edge.core.quantize import MeanStd


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture on its way through the loop."""

    rgb: NDArray[np.uint8]
    """Pixels, uint8 (H, W, 3), C-contiguous, RGB."""
    captured_ns: int
    """Time at which the frame was taken or read, nanoseconds on ``time.monotonic_ns``. Each source documents
    which moment that is."""
    index: int
    """Number of the frame within the source: 0, 1, 2, …; dropped frames leave gaps in live sources."""
    origin: str
    """Path of the file, or name of the source."""
    still: bool = False
    """Whether the frame is unrelated to the one before it: no tracking, no smoothing."""
    position_ns: int | None = None
    """Presentation time in the file, nanoseconds from its start, growing from frame to frame; 0 in a
    picture, None in a live source."""

    @property
    def time_ns(self) -> int:
        """Time that tracking, smoothing and sleep go by, nanoseconds: ``position_ns`` of a file, so that it
        gives the same answers however fast it is read, and ``captured_ns`` of a live source."""
        return self.captured_ns if self.position_ns is None else self.position_ns


@dataclass(frozen=True, slots=True)
class Roi:
    """The square region of the picture that the landmark model sees."""

    center_x: float
    """Horizontal position of the centre, px."""
    center_y: float
    """Vertical position of the centre, px."""
    size: float
    """Side, px."""
    rotation: float
    """Angle by which the square is turned, radians clockwise on the screen (y points down)."""


@dataclass(frozen=True, slots=True)
class Face:
    """One face as a landmark backend reports it. Its expression: ``FacePrediction``."""

    landmarks: NDArray[np.float32]
    """float32 (468 or 478, 3): x and y in px of the picture, z on x's scale."""
    presence: float
    """Certainty of the landmark model that this is a face, 0–1."""
    roi: Roi | None
    """The region in which the face was found; None where the backend does not report it."""
    track_id: int
    """Number that a face keeps while it is tracked; a face found anew gets a new one."""
    maps: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Feature maps and texture that the backend was asked for, by the names of ``edge.head.inputs``, which
    gives the shape and type of each."""
    mirrored: "Face | None" = None
    """The mirrored pass over the same face: its landmarks and maps in the mirror image of its region. Only in
    still frames, and only where the backend gives it."""


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """One of the inputs that an expression network may take of a face; all of them: ``edge.head.inputs``."""

    name: str
    version: int
    """Version of the computation; raised whenever the same face would give other numbers."""
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    """float32, uint8 or int8."""
    make: Callable[[Face], NDArray[Any]]
    """Function that computes the input of a face, an array of that shape and type. It raises ValueError where
    the face's landmarks are impossible."""
    synthetic_values: NDArray[Any]
    """Value of each random byte in a synthetic face of ``edge.bundles.golden``: (256,) of that type."""
    is_map: bool = False
    """Whether the landmark backend gives it in ``Face.maps``; if not, the landmarks give it."""
    standardized: bool = False
    """Whether each number is standardized before the network, by a mean and a standard deviation of its own
    that stand in the bundle; float32 only."""
    synthetic_patch: int = 1
    """Side of the squares that one value fills in a synthetic face: a network on a picture would answer about
    the same to any noise of single pixels."""
    normalized: bool = False
    """Whether its numbers have a mean of about 0 and a standard deviation of about 1 as they are made."""


@dataclass(frozen=True, slots=True, eq=False)
class InputTensor:
    """The tensor through which the network of a bundle takes an ``Input``."""

    name: str
    """Name of the input."""
    version: int
    """Version of the input that the network was trained on."""
    tensor: str
    """Name of the tensor in the flatbuffer."""
    shape: tuple[int, ...]
    """Shape for one face: the tensor's own without the leading 1."""
    dtype: np.dtype[Any]
    standardization: MeanStd | None = None
    """Mean and standard deviation, each of that shape, by which the numbers are standardized before the
    network; None: they go in unchanged."""


class Box(NamedTuple):
    """The bounding box of a face's landmarks, px; parts of it may lie outside of the picture."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def around(cls, landmarks: NDArray[np.float32]) -> "Box":
        """The bounding box of (N, 3) points, px."""
        left, top, _ = np.minimum.reduce(landmarks).tolist()
        right, bottom, _ = np.maximum.reduce(landmarks).tolist()
        return cls(left, top, right - left, bottom - top)


class FaceStatus(StrEnum):
    """Whether a face's label is confident enough."""

    OK = "ok"
    LOW_CONFIDENCE = "low_confidence"


class Reason(StrEnum):
    """A reason why a face's label is less reliable; the thresholds: ``edge.head.reasons``."""

    UNSURE = "unsure"
    """The top probability is low, and the status is LOW_CONFIDENCE."""
    TURNED = "turned"
    """The head is turned far away from the camera."""
    SMALL = "small"
    """The face has few pixels."""
    DARK = "dark"
    """The face has little light."""
    BLURRED = "blurred"
    """The face is out of focus or in motion."""


@dataclass(frozen=True, slots=True)
class FacePrediction:
    """The expression of one face."""

    label: str
    """The most probable label of the bundle."""
    probabilities: NDArray[np.float32]
    """float32 (C,), in the order of the bundle's labels; sums to 1."""
    status: FaceStatus
    """LOW_CONFIDENCE when the top probability is below the setting ``min_confidence``, or below the
    bundle's threshold where the setting is absent."""
    reasons: tuple[Reason, ...]
    """Reasons why the label is less reliable, see ``edge.head.reasons``; also where the status is OK."""
    pose: Pose
    face: Face

    @property
    def box(self) -> Box:
        """The bounding box of the landmarks."""
        return Box.around(self.face.landmarks)


@dataclass(frozen=True, slots=True)
class StageTimings:
    """Durations of the stages of one frame, nanoseconds."""

    landmarks_ns: int = 0
    """Detection or tracking, crop and landmark model, all faces."""
    features_ns: int = 0
    classify_ns: int = 0
    smooth_ns: int = 0
    total_ns: int = 0
    """The whole call, from Frame to Prediction."""
    age_ns: int = 0
    """Time from ``Frame.captured_ns`` to the result."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The result of the pipeline for one frame. A frame without a face is no error: ``faces`` is empty."""

    faces: tuple[FacePrediction, ...]
    labels: tuple[str, ...]
    """The bundle's labels, in the order of every ``probabilities``."""
    frame_index: int
    origin: str
    width: int
    """Width of the frame, px."""
    height: int
    """Height of the frame, px."""
    time_ns: int
    """``Frame.time_ns``."""
    position_ns: int | None
    """``Frame.position_ns``."""
    timings: StageTimings


@dataclass(slots=True)
class SourceStats:
    """Counters that a source keeps while it is read."""

    dropped: int = 0
    """Number of frames of a live source that a newer one replaced before they were processed."""
    skipped: int = 0
    """Number of pictures or frames that could not be decoded."""
    reopened: int = 0
    """Number of times that a live source was opened again."""


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a run."""

    bundle: str
    """Name of the bundle that runs."""
    frames: int
    """Number of frames processed since the start."""
    fps: float
    """Frames processed per second since the last status."""
    dropped: int
    """See ``SourceStats``; likewise ``skipped`` and ``reopened``."""
    skipped: int
    reopened: int
    asleep: bool
    """Whether fewer frames are taken because nobody has been there for a while."""
    camera_lost: bool
    """Whether a camera or stream is being reopened."""
    temperature_c: float | None
    """Temperature of the processor, °C; None where the system does not report it."""
    sinks: Mapping[str, "SinkStats"]
    """Counters of each sink by its name."""
    paused: str = ""
    """Who has paused the run, which keeps the camera closed: ``device``, ``reader``, or empty: nobody."""
    device: str = ""
    """Id of the device. It and ``labels`` are not in the record of the status, but in the socket's hello."""
    labels: tuple[str, ...] = ()
    """Labels of the bundle."""


@dataclass(slots=True)
class SinkStats:
    """Counters of one sink."""

    dropped: int = 0
    """Number of results of a live source that the sink never got because it was too slow or broken."""
    failures: int = 0
    """Number of times that the sink failed; the result that it was writing is lost as well."""
