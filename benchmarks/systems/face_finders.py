"""How the faces of a picture reach the classifier: as the app finds them, as tracking would, or assumed."""

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


class FoundFaces(NamedTuple):
    """The faces of a picture that the classifier gets."""

    faces: Sequence[Face]
    found: bool
    """Whether the detector found them; else they were assumed, or there are none."""


FaceFinder = Callable[[Pipeline, Frame], FoundFaces]
"""A way from a still frame to the faces that the classifier gets; picklable."""


def find_single(pipeline: Pipeline, frame: Frame) -> FoundFaces:
    """The faces as the app finds them in a single picture."""
    faces = pipeline.detect(frame)
    return FoundFaces(faces, bool(faces))


def find_tracked(pipeline: Pipeline, frame: Frame) -> FoundFaces:
    """The faces as in a frame of a camera in which they are tracked: one pass over the region that follows
    from each face's landmarks. Needs ``check_regions``."""
    backend = region_backend(pipeline)
    found = backend.find(frame)
    tracked = [face for one in found for face in backend.detect_in(frame, next_roi(one.landmarks))]
    return FoundFaces(tracked, bool(found))


def find_or_assume(pipeline: Pipeline, frame: Frame, padding: float) -> FoundFaces:
    """The faces as the app finds them, or, where there is none, the middle of the picture as a face.

    For data sets of cropped faces, to which ``evaluation.prepare`` added the margin ``padding``, as a part of
    the longer side. The landmark model still has to agree (presence). Needs ``check_regions``.
    """
    found = find_single(pipeline, frame)
    if found.found:
        return found
    height, width = frame.rgb.shape[:2]
    roi = assumed_region(height, width, padding)
    return FoundFaces(region_backend(pipeline).detect_in(frame, roi), False)


def assumed_region(height: int, width: int, padding: float) -> Roi:
    """The region, px, of a face that fills a picture of this size, px, which includes the ``padding``."""
    longer = max(height, width) / (1 + 2 * padding)
    return Roi(width / 2, height / 2, ASSUMED_SIZE * longer, 0.0)


def check_regions(settings: LandmarkSettings, what: str) -> None:
    """Refuse a backend that takes no face region from its caller; ``what`` is the option that needs one.

    Raises:
        ConfigError: the backend takes none.
    """
    if settings.backend != "litert":
        raise ConfigError(f"{what} needs --landmarks litert: other backends take no face region")


def region_backend(pipeline: Pipeline) -> LitertBackend:
    """The landmark backend of a pipeline whose settings have passed ``check_regions``."""
    assert isinstance(pipeline.backend, LitertBackend)
    return pipeline.backend
