"""The two MediaPipe face models, verified."""

from dataclasses import dataclass
from pathlib import Path

from edge import assets
from edge.core.errors import ModelError
from edge.core.files import sha256
from edge.landmarks.tap import tap

EMBEDDING_TENSORS = (177, 113)
"""Of ``face_landmark.tflite``: ``p_re_lu_26`` and ``p_re_lu_12``, what its last stage and the one at 12×12
give, with the shapes of ``edge.core.features.MAP_SHAPES``."""

TAPPED_SHA256 = "eb77f4de78ac1acdc4c34377f071d27a32be77c4af5333c13895500005c648f3"
"""Of the landmark model with these tensors as further outputs."""


@dataclass(frozen=True, slots=True)
class FaceModels:
    """TFLite flatbuffers of MediaPipe 0.10.18."""

    detector: bytes
    """``face_detection_short_range.tflite``: 128×128 → 896 boxes."""
    landmarker: bytes
    """``face_landmark.tflite``: 192×192 → 468 points, and with ``embedding`` two feature maps."""


def find_models(directory: Path | None = None, embedding: bool = False) -> FaceModels:
    """Load the face models.

    Args:
        directory: look only here; else where ``edge.assets.find`` looks.
        embedding: tap the landmark model, so that it gives its feature maps as well.

    Raises:
        ModelError: a model is absent or not the pinned bytes.
    """
    detector, landmarker = (assets.load(asset, directory) for asset in assets.MODELS)
    if embedding:
        landmarker = tap(landmarker, EMBEDDING_TENSORS)
        if sha256(landmarker) != TAPPED_SHA256:
            raise ModelError("the tapped landmark model is not the one that bundles were trained on")
    return FaceModels(detector, landmarker)


def model_hashes() -> dict[str, str]:
    """File name → SHA-256 of the pinned face models, as a bundle records them."""
    return {asset.name: asset.sha256 for asset in assets.MODELS}
