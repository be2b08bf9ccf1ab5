"""How the faces of a picture get to the classifier: as the app finds them, as tracking would, or assumed."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from edge.core.errors import ConfigError
from edge.core.types import Face, Frame, Roi
from edge.landmarks.litert import LitertBackend, next_roi
from edge.pipeline import Pipeline
from edge.settings import LandmarkSettings

ASSUMED_SIZE = 1.3
"""Side of the assumed face region, in longer sides of the picture without its margin: about what the
detector gives for FER2013's pictures."""


class Seen(NamedTuple):
    """What there is to classify in a picture."""

    faces: Sequence[Face]
    found: bool
    """The detector found them; else they were assumed, or there are none."""


Look = Callable[[Pipeline, Frame], Seen]
"""How faces get from a still frame to the classifier; picklable."""


def single(pipeline: Pipeline, frame: Frame) -> Seen:
    """As the app looks at a single picture."""
    faces = pipeline.detect(frame)
    return Seen(faces, bool(faces))


def tracked(pipeline: Pipeline, frame: Frame) -> Seen:
    """As in a frame of a camera in which the face is tracked: one look, at the region that comes from its
    landmarks. Needs ``check_regions``."""
    backend = region_backend(pipeline)
    found = backend.find(frame)
    return Seen(
        [face for one in found for face in backend.detect_in(frame, next_roi(one.landmarks))], bool(found)
    )


def assumed(pipeline: Pipeline, frame: Frame, padding: float) -> Seen:
    """Where the detector finds nothing, the middle of the picture is taken for a face.

    For data sets of cropped faces. The landmark model still has to agree (presence). Needs
    ``check_regions``.

    Args:
        padding: the margin that ``prepare`` added.
    """
    seen = single(pipeline, frame)
    if seen.found:
        return seen
    height, width = frame.rgb.shape[:2]
    return Seen(region_backend(pipeline).detect_in(frame, middle(height, width, padding)), False)


def middle(height: int, width: int, padding: float) -> Roi:
    """The region of a face that fills a picture of that size, px, ``padding`` included."""
    longer = max(height, width) / (1 + 2 * padding)
    return Roi(width / 2, height / 2, ASSUMED_SIZE * longer, 0.0)


def check_regions(settings: LandmarkSettings, what: str) -> None:
    """Refuse a backend that takes no region of the caller.

    Args:
        what: needs one; the start of the message.

    Raises:
        ConfigError: it is one.
    """
    if settings.backend != "litert":
        raise ConfigError(f"{what} needs --landmarks litert: other backends take no face region")


def region_backend(pipeline: Pipeline) -> LitertBackend:
    """The backend of a pipeline whose settings have passed ``check_regions``."""
    assert isinstance(pipeline.backend, LitertBackend)
    return pipeline.backend
