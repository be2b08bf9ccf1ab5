"""MediaPipe's face landmark model on the TFLite runtime: a region of the picture → the points of a face.

Follows ``face_landmark_cpu.pbtxt`` of MediaPipe 0.10.18.
"""

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BackendError
from edge.core.features import EYE_ANCHORS, MESH_POINTS
from edge.core.runtime import make_interpreter
from edge.core.types import Roi
from edge.landmarks.geometry import crop, crop_to_picture
from edge.landmarks.texture import NAME as TEXTURE
from edge.landmarks.texture import REDUCTION, texture

SIDE = 192
"""Width and height of the model's input, px."""

_LEFT_EYE, _RIGHT_EYE = EYE_ANCHORS[MESH_POINTS]
_MIRROR = np.array([[-1.0, 0.0, SIDE], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
"""Affine map from crop px to px of the mirrored crop, float64 (3, 3), homogeneous."""


class LandmarkModel:
    """``face_landmark.tflite`` with pixels as input: a region of the picture → 468 points, the presence of a
    face, and the maps that the expression network takes."""

    def __init__(self, model: bytes, threads: int, maps: Sequence[str] = ()) -> None:
        """Build the interpreter.

        Args:
            model: flatbuffer of ``FaceModels.landmarker``, or one with other maps behind its two outputs.
            threads: CPU threads of one run of the network.
            maps: names of the outputs behind these two, in their order, and ``texture`` if it is wanted.

        Raises:
            BackendError: the runtime is missing or refuses the model, or the model takes something else than
                pixels.
        """
        self.interpreter: Any = make_interpreter(model, threads, "the face landmark model")
        inputs = self.interpreter.get_input_details()
        found = ", ".join(f"{entry['dtype'].__name__} {entry['shape'].tolist()}" for entry in inputs)
        if found != (expected := f"uint8 [1, {SIDE}, {SIDE}, 3]"):
            raise BackendError(
                f"the face landmark model must take {expected}, not {found}: "
                "use edge.landmarks.models.find_models"
            )
        points, presence, *maps_behind = self.interpreter.get_output_details()
        self._points = self.interpreter.tensor(points["index"])
        self._presence = self.interpreter.tensor(presence["index"])
        tapped = [name for name in maps if name != TEXTURE]
        self._taps = [
            (name, self.interpreter.tensor(entry["index"]))
            for name, entry in zip(tapped, maps_behind, strict=True)
        ]
        self._has_texture = TEXTURE in maps
        self._input = self.interpreter.tensor(inputs[0]["index"])

    def run(
        self, rgb: NDArray[np.uint8], roi: Roi, mirrored: bool = False
    ) -> tuple[NDArray[np.float32], float]:
        """Run the network on a region of the picture.

        Args:
            rgb: uint8 (H, W, 3).
            roi: the region, px of the picture.
            mirrored: show the network the region's mirror image.

        Returns:
            Landmarks float32 (468, 3), x and y in px of the picture, z on x's scale; and the presence of a
            face, 0–1. With ``mirrored``, the landmarks of the mirror image in the region's place.
        """
        matrix = crop_to_picture(roi, SIDE)
        crop(rgb, matrix @ _MIRROR if mirrored else matrix, self._input()[0], cv2.BORDER_REPLICATE)
        self.interpreter.invoke()
        # x and y as the crop lies in the picture, z by its scale: one call instead of eleven.
        (a, b, x), (c, d, y) = matrix.tolist()
        to_picture = np.array(((a, b, 0.0, x), (c, d, 0.0, y), (0.0, 0.0, roi.size / SIDE, 0.0)))
        points = cv2.transform(self._points().reshape(MESH_POINTS, 1, 3), to_picture)
        # Each coordinate contiguous: the minima and rotations that follow take a fifth of the time.
        landmarks = np.array(points.reshape(MESH_POINTS, 3), np.float32, order="F")
        logit = max(-80.0, self._presence().item())
        return landmarks, 1.0 / (1.0 + math.exp(-logit))

    def maps(self) -> dict[str, NDArray[Any]]:
        """The maps of the last run by their names: float32 (height, width, channels)."""
        # Copies, in one step: a variable that holds the interpreter's memory may outlive this call.
        maps = {name: np.array(tensor()[0]) for name, tensor in self._taps}
        if self._has_texture:
            grey = cv2.cvtColor(self._input()[0], cv2.COLOR_RGB2GRAY)
            side = SIDE // REDUCTION
            small = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
            eyes = self._points().reshape(MESH_POINTS, 3)[[_LEFT_EYE, _RIGHT_EYE], :2] / REDUCTION
            maps[TEXTURE] = texture(small, *eyes.tolist())
        return maps
