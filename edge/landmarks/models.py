"""The two MediaPipe face models, verified."""

from dataclasses import dataclass
from pathlib import Path

from edge import assets


@dataclass(frozen=True, slots=True)
class FaceModels:
    """TFLite flatbuffers of MediaPipe 0.10.18."""

    detector: bytes
    """``face_detection_short_range.tflite``: 128×128 → 896 boxes."""
    landmarker: bytes
    """``face_landmark.tflite``: 192×192 → 468 points."""


def find_models(directory: Path | None = None) -> FaceModels:
    """Load the face models.

    Args:
        directory: look only here; else where ``edge.assets.find`` looks.

    Raises:
        ModelError: a model is absent or not the pinned bytes.
    """
    return FaceModels(assets.load(assets.DETECTOR, directory), assets.load(assets.LANDMARKER, directory))


def model_hashes() -> dict[str, str]:
    """File name → SHA-256 of the pinned face models, as a bundle records them."""
    return {asset.name: asset.sha256 for asset in assets.MODELS}
