"""The two MediaPipe face models, verified."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from edge.core.errors import ModelError
from edge.core.files import sha256
from edge.landmarks import assets
from edge.landmarks.surgery.pixel_input import take_pixels
from edge.landmarks.surgery.tap import tap
from edge.landmarks.texture import NAME as TEXTURE

TAPS = {"coarse_map": 177, "fine_map": 113}
"""Input of ``edge.head.inputs`` → tensor of ``face_landmark.tflite``: ``p_re_lu_26`` and ``p_re_lu_12``, what
its last stage and the one at 12×12 give."""

MAPS = (*TAPS, TEXTURE)
"""What the litert backend can give in ``Face.maps``."""

LANDMARKER_SHA256 = "02a1ebf546332acfc3a2fbae5d26d21898f9bfc220962d781c69320efdb698fd"
"""Of the landmark model that takes pixels, not tapped."""


@dataclass(frozen=True, slots=True)
class FaceModels:
    """TFLite flatbuffers of MediaPipe 0.10.18."""

    detector: bytes
    """``face_detection_short_range.tflite``: 128×128 → 896 boxes."""
    landmarker: bytes
    """``face_landmark.tflite`` made to take pixels, uint8: 192×192 → 468 points, presence, and ``maps``."""
    maps: tuple[str, ...] = ()
    """Names of what faces get in ``Face.maps``: what the landmarker gives beside them, in this order, and the
    texture."""


def find_models(directory: Path | None = None, maps: Collection[str] = ()) -> FaceModels:
    """Load the face models, and make the landmark model what the app runs.

    Args:
        directory: look only here; else where ``edge.landmarks.assets.find`` looks.
        maps: which of ``MAPS`` faces are to get.

    Raises:
        ModelError: a model is absent or not the pinned bytes.
    """
    detector, landmarker = (assets.load(asset, directory) for asset in assets.MODELS)
    landmarker = take_pixels(landmarker)
    if sha256(landmarker) != LANDMARKER_SHA256:
        raise ModelError(
            "the landmark model as the app changes it is not the expected one: install Mien again"
        )
    names = tuple(name for name in MAPS if name in maps)
    tensors = tuple(TAPS[name] for name in names if name in TAPS)
    return FaceModels(detector, tap(landmarker, tensors) if tensors else landmarker, names)


def model_hashes() -> dict[str, str]:
    """File name → SHA-256 of the pinned face models, as a bundle records them."""
    return {asset.name: asset.sha256 for asset in assets.MODELS}
