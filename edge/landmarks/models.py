"""The two MediaPipe face models, verified and changed into what the program runs."""

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
"""Name of the feature map in ``edge.head.inputs`` → index of its tensor in ``face_landmark.tflite``:
``p_re_lu_26`` and ``p_re_lu_12``, the outputs of the last stage and of the one at 12×12."""

MAPS = (*TAPS, TEXTURE)
"""Names of all maps that the litert backend can put into ``Face.maps``."""

LANDMARKER_SHA256 = "02a1ebf546332acfc3a2fbae5d26d21898f9bfc220962d781c69320efdb698fd"
"""SHA-256 of the landmark model with pixels as input and without further outputs."""


@dataclass(frozen=True, slots=True)
class FaceModels:
    """TFLite flatbuffers of MediaPipe 0.10.18, ready to run."""

    detector: bytes
    """``face_detection_short_range.tflite``: 128×128 → 896 boxes."""
    landmarker: bytes
    """``face_landmark.tflite`` with uint8 pixels as input: 192×192 → 468 points, presence, feature maps."""
    maps: tuple[str, ...] = ()
    """Names of the maps that faces get in ``Face.maps``: the landmarker's further outputs, in this order, and
    the texture."""


def find_models(directory: Path | None = None, maps: Collection[str] = ()) -> FaceModels:
    """Load the face models, and change the landmark model into what the program runs.

    Args:
        directory: the only folder to search; None: those of ``edge.landmarks.assets.find``.
        maps: those of ``MAPS`` that faces are to get.

    Raises:
        ModelError: a model is absent or not the pinned bytes.
    """
    detector, landmarker = (assets.load(asset, directory) for asset in assets.MODELS)
    landmarker = take_pixels(landmarker)
    if sha256(landmarker) != LANDMARKER_SHA256:
        raise ModelError(
            "the landmark model after the program's changes has an unexpected SHA-256: install Mien again"
        )
    names = tuple(name for name in MAPS if name in maps)
    tensors = tuple(TAPS[name] for name in names if name in TAPS)
    return FaceModels(detector, tap(landmarker, tensors) if tensors else landmarker, names)


def model_hashes() -> dict[str, str]:
    """File name → SHA-256 of the pinned face models, as a bundle records them."""
    return {asset.name: asset.sha256 for asset in assets.MODELS}
