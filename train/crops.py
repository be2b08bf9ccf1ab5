"""Pictures of faces → what the landmark network's first layers see in them: what ``teach``'s workers do."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.types import Roi
from edge.data import Preparation, prepare
from edge.landmarks.geometry import crop, crop_to_picture
from edge.landmarks.litert import SIDE
from edge.landmarks.models import find_models
from edge.landmarks.tap import tap
from edge.runtime import make_interpreter
from train import augment
from train.landmark_network import START

AS_IT_IS, MIRRORED, VARIED = "as it is", "mirrored", "varied"
"""How a face is looked at."""


def look(
    models_dir: Path | None,
    preparation: Preparation,
    pictures: list[NDArray[np.uint8]],
    rois: list[Roi],
    how: str,
    seeds: list[list[int]],
) -> NDArray[np.float16]:
    """The feature map ``START`` of each face.

    Args:
        models_dir: folder of the face models; None: where setup put them.
        preparation: of the pictures.
        pictures: uint8 (H, W) or (H, W, 3) each.
        rois: where the face is in the prepared picture.
        how: one of the three above.
        seeds: of each variation.

    Returns:
        float16 (N, 24, 24, 64).
    """
    network = _network(models_dir)
    maps = []
    for picture, roi, seed in zip(pictures, rois, seeds, strict=True):
        rgb = prepare(picture, preparation.scale, preparation.padding)
        if how == VARIED:
            rgb, roi = augment.vary(rgb, roi, np.random.default_rng(seed))
        elif how == MIRRORED:
            rgb, roi = augment.mirror(rgb, roi)
        maps.append(network(rgb, roi))
    return np.stack(maps)


class _FirstLayers:
    """The landmark network, of which only the map ``START`` is used."""

    def __init__(self, models_dir: Path | None) -> None:
        model = tap(find_models(models_dir).landmarker, (START,))
        self._interpreter: Any = make_interpreter(model, 1, "the face landmark model")
        self._input = self._interpreter.tensor(self._interpreter.get_input_details()[0]["index"])
        self._map = self._interpreter.tensor(START)
        self._crop = np.empty((SIDE, SIDE, 3), np.uint8)

    def __call__(self, rgb: NDArray[np.uint8], roi: Roi) -> NDArray[np.float16]:
        crop(rgb, crop_to_picture(roi, SIDE), self._crop, cv2.BORDER_REPLICATE)
        np.multiply(self._crop, np.float32(1 / 255), out=self._input()[0])
        self._interpreter.invoke()
        return np.asarray(self._map()[0], np.float16)


_of_thread = threading.local()
"""An interpreter must not be shared between threads."""


def _network(models_dir: Path | None) -> _FirstLayers:
    if getattr(_of_thread, "models_dir", "") != models_dir:
        _of_thread.network = _FirstLayers(models_dir)
        _of_thread.models_dir = models_dir
    network: _FirstLayers = _of_thread.network
    return network


def ahead(submit: Any, tasks: Iterator[tuple[Any, ...]], count: int) -> Iterator[NDArray[np.float16]]:
    """Results of ``look`` in order, ``count`` of them under way."""
    waiting: list[Any] = []
    for task in tasks:
        waiting.append(submit(look, *task))
        if len(waiting) > count:
            yield waiting.pop(0).result()
    while waiting:
        yield waiting.pop(0).result()
