"""The values that pass between the parts. Arrays are checked once, where they enter."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

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
    """When the frame was taken or read, nanoseconds on ``time.monotonic_ns``. Which moment that is
    is the source's to document."""
    index: int
    """0, 1, 2, … within the source; dropped frames leave gaps in live sources."""
    origin: str
    """Where it came from: the file's path, or the source's name."""
    still: bool = False
    """True where the frame has nothing to do with the one before it: no tracking, no smoothing."""
    position_ns: int | None = None
    """Presentation time in the file, nanoseconds from its start, growing from frame to frame; 0 in a
    picture, None in a live source."""

    @property
    def time_ns(self) -> int:
        """What everything that counts seconds goes by: the time of the medium, so that a file gives the
        same answers however fast it is read, and of a live source ``captured_ns``."""
        return self.captured_ns if self.position_ns is None else self.position_ns


@dataclass(frozen=True, slots=True)
class Roi:
    """The square region of the picture that the landmark model sees."""

    center_x: float
    """px"""
    center_y: float
    """px"""
    size: float
    """Side, px."""
    rotation: float
    """Radians, clockwise on the screen (y points down)."""


@dataclass(frozen=True, slots=True)
class Face:
    """One face as a landmark backend reports it."""

    landmarks: NDArray[np.float32]
    """float32 (468 or 478, 3): x and y in px of the picture, z on x's scale."""
    presence: float
    """0–1: how sure the landmark model is that this is a face."""
    roi: Roi | None
    """The region it was found in, where the backend tells."""
    track_id: int
    """Stays with a face while it is tracked; a face found anew gets a new one."""
    maps: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """What the backend was asked to give beside the landmarks, by the names of ``edge.head.inputs``, each in
    the shape and type that stand there."""
    second: "Face | None" = None
    """In a still frame, where the backend gives it: the same face looked at once more, mirrored."""


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """Something that an expression network may take of a face; all that there is: ``edge.head.inputs``."""

    name: str
    version: int
    """Another one whenever the same face would give other numbers."""
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    """float32, uint8 or int8."""
    make: Callable[[Face], NDArray[Any]]
    """Gives an array of that shape and type; ValueError: the face's landmarks make no sense."""
    made_up: NDArray[Any]
    """(256,) of that type: what each random byte stands for in the made-up faces of ``edge.bundles.golden``."""
    is_map: bool = False
    """Whether the landmark backend gives it, in ``Face.maps``; else it is computed from the landmarks."""
    standardized: bool = False
    """Whether each number has a mean and a standard deviation of its own, which the bundle knows, and is
    standardized before the network; float32 only."""
    made_up_patch: int = 1
    """Side of the squares that one number fills in a made-up face: a network on a picture would answer about
    the same to any noise of single pixels."""
    normalized: bool = False
    """Whether its numbers have a mean of about 0 and a standard deviation of about 1 by themselves."""


@dataclass(frozen=True, slots=True, eq=False)
class InputTensor:
    """Where the network of a bundle takes an ``Input``."""

    name: str
    """Of the input."""
    version: int
    """Of the input, when the network was trained."""
    tensor: str
    """Name of the tensor in the flatbuffer."""
    shape: tuple[int, ...]
    """Of one face: the tensor's own without the leading 1."""
    dtype: np.dtype[Any]
    standardization: MeanStd | None = None
    """Of that shape: what is done to the numbers before the network; None: they go in as they are."""


class Box(NamedTuple):
    """The bounding box of a face's landmarks, px; parts of it may lie outside of the picture."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def around(cls, landmarks: NDArray[np.float32]) -> "Box":
        """That of (N, 3) points, px."""
        left, top, _ = np.minimum.reduce(landmarks).tolist()
        right, bottom, _ = np.maximum.reduce(landmarks).tolist()
        return cls(left, top, right - left, bottom - top)


class FaceStatus(StrEnum):
    """Whether a face's label is to be believed."""

    OK = "ok"
    LOW_CONFIDENCE = "low_confidence"


class Reason(StrEnum):
    """What makes a face's label less reliable; thresholds stand in ``edge.head.reasons``."""

    UNSURE = "unsure"
    """The top probability is low: this is what LOW_CONFIDENCE means."""
    TURNED = "turned"
    """The head is turned far away from the camera."""
    SMALL = "small"
    """The face has few pixels."""
    DARK = "dark"
    BLURRED = "blurred"


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
    """What makes the label less reliable, see ``edge.head.reasons``; also where the status is OK."""
    pose: Pose
    face: Face

    @property
    def box(self) -> Box:
        """The bounding box of the landmarks."""
        return Box.around(self.face.landmarks)


@dataclass(frozen=True, slots=True)
class StageTimings:
    """Durations of one pass through the pipeline, nanoseconds."""

    landmarks_ns: int = 0
    """Detection or tracking, crop and landmark model, all faces."""
    features_ns: int = 0
    classify_ns: int = 0
    smooth_ns: int = 0
    total_ns: int = 0
    """The whole call, Frame to Prediction."""
    age_ns: int = 0
    """From ``Frame.captured_ns`` to the result."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the pipeline says about one frame. No face is not an error: ``faces`` is empty."""

    faces: tuple[FacePrediction, ...]
    labels: tuple[str, ...]
    """The bundle's labels, the order of every ``probabilities``."""
    frame_index: int
    origin: str
    width: int
    """Of the frame, px."""
    height: int
    """Of the frame, px."""
    time_ns: int
    """``Frame.time_ns``."""
    position_ns: int | None
    """``Frame.position_ns``."""
    timings: StageTimings


@dataclass(slots=True)
class SourceStats:
    """Counters that a source keeps while it is read."""

    dropped: int = 0
    """Frames of a live source that were replaced by a newer one before anybody took them."""
    skipped: int = 0
    """Pictures or frames that could not be decoded."""
    reopened: int = 0
    """How often a live source had to be opened again."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a run is doing."""

    bundle: str
    """Name of the bundle that runs."""
    frames: int
    """Processed since the start."""
    fps: float
    """Frames processed a second, since the last status."""
    dropped: int
    """See ``SourceStats``; so ``skipped`` and ``reopened``."""
    skipped: int
    reopened: int
    asleep: bool
    """Whether fewer frames are taken because nobody has been there for a while."""
    camera_lost: bool
    temperature_c: float | None
    """Of the processor; None where the system does not tell."""
    sinks: Mapping[str, "SinkStats"]
    """By the name of the sink."""


@dataclass(slots=True)
class SinkStats:
    """Counters of one sink."""

    dropped: int = 0
    """Results of a live source that it never got, because it was too slow or broken."""
    failures: int = 0
    """How often it failed; the result that it was given then is lost as well."""


class FrameSource(Protocol):
    """Gives frames, one after the other.

    ``close()`` may be called from another thread or a signal handler and makes a waiting
    ``__iter__`` end soon.
    """

    stats: SourceStats

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None: ...


class LandmarkBackend(Protocol):
    """Finds the faces of a frame and their landmarks."""

    def detect(self, frame: Frame) -> list[Face]: ...

    def close(self) -> None: ...


class Classifier(Protocol):
    """``inputs`` of one face, an array for each → probabilities float32 (C,)."""

    labels: tuple[str, ...]
    inputs: tuple[Input, ...]

    def predict(self, inputs: Sequence[NDArray[Any]]) -> NDArray[np.float32]: ...

    def close(self) -> None: ...


class Sink(Protocol):
    """Takes results to somewhere. How it is opened, and what it needs: ``edge.sinks.outputs.SinkKind``."""

    def write(self, prediction: Prediction) -> None: ...

    def report(self, status: Status) -> None:
        """How the run is doing, about once a second; to be ignored where that is of no use."""
        ...

    def close(self) -> None: ...
