"""The two MediaPipe face models, verified."""

from dataclasses import dataclass
from pathlib import Path

from edge import assets
from edge.core.errors import ModelError
from edge.core.files import sha256
from edge.landmarks.pixel_input import take_pixels
from edge.landmarks.tap import tap

EMBEDDING_TENSORS = (177, 113)
"""Of ``face_landmark.tflite``: ``p_re_lu_26`` and ``p_re_lu_12``, what its last stage and the one at 12×12
give, with the shapes of ``edge.core.features.MAP_SHAPES``."""

LANDMARKER_SHA256 = "02a1ebf546332acfc3a2fbae5d26d21898f9bfc220962d781c69320efdb698fd"
"""Of the landmark model that takes pixels."""
TAPPED_SHA256 = "ca0aa7bc69b1412da9f40c27b57f3d6bdc2816075a951bf84da71cafda213de7"
"""Of that with these tensors as further outputs."""


@dataclass(frozen=True, slots=True)
class FaceModels:
    """TFLite flatbuffers of MediaPipe 0.10.18."""

    detector: bytes
    """``face_detection_short_range.tflite``: 128×128 → 896 boxes."""
    landmarker: bytes
    """``face_landmark.tflite`` made to take pixels, uint8: 192×192 → 468 points, and with ``embedding`` two
    feature maps."""


def find_models(directory: Path | None = None, embedding: bool = False) -> FaceModels:
    """Load the face models, and make the landmark model what the app runs.

    Args:
        directory: look only here; else where ``edge.assets.find`` looks.
        embedding: tap the landmark model, so that it gives its feature maps as well.

    Raises:
        ModelError: a model is absent or not the pinned bytes.
    """
    detector, landmarker = (assets.load(asset, directory) for asset in assets.MODELS)
    landmarker = take_pixels(landmarker)
    if embedding:
        landmarker = tap(landmarker, EMBEDDING_TENSORS)
    if sha256(landmarker) != (TAPPED_SHA256 if embedding else LANDMARKER_SHA256):
        raise ModelError(
            "the landmark model as the app changes it is not the expected one: install Mien again"
        )
    return FaceModels(detector, landmarker)


def model_hashes() -> dict[str, str]:
    """File name → SHA-256 of the pinned face models, as a bundle records them."""
    return {asset.name: asset.sha256 for asset in assets.MODELS}
