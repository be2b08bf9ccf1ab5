"""Pictures of faces → feature maps of the landmark network's first layers, computed by worker processes."""

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.core.types import Roi
from edge.landmarks.landmark_model import LandmarkModel
from edge.landmarks.models import find_models
from edge.landmarks.surgery.tap import tap
from evaluation import Preparation, prepare
from train.dataset import augmentation
from train.teacher.landmark_network import START

UNCHANGED, MIRRORED, AUGMENTED = "unchanged", "mirrored", "augmented"
"""Variants of a face."""


def face_maps(
    models_dir: Path | None,
    preparation: Preparation,
    pictures: list[NDArray[np.uint8]],
    rois: list[Roi],
    variant: str,
    seeds: list[list[int]],
) -> NDArray[np.float16]:
    """The feature map ``START`` of each of N faces.

    Args:
        models_dir: folder of the face models; None: where setup put them.
        pictures: uint8 (H, W) or (H, W, 3) each.
        rois: region of the face in each prepared picture.
        variant: ``UNCHANGED``, ``MIRRORED`` or ``AUGMENTED``.
        seeds: seed of each augmentation.

    Returns:
        float16 (N, 24, 24, 64).
    """
    network = _network(models_dir)
    maps = []
    for picture, roi, seed in zip(pictures, rois, seeds, strict=True):
        rgb = prepare(picture, preparation.scale, preparation.padding)
        if variant == AUGMENTED:
            rgb, roi = augmentation.augment(rgb, roi, np.random.default_rng(seed))
        elif variant == MIRRORED:
            rgb, roi = augmentation.mirror(rgb, roi)
        network.run(rgb, roi)
        maps.append(network.maps()["start"].astype(np.float16))
    return np.stack(maps)


@functools.cache
def _network(models_dir: Path | None) -> LandmarkModel:
    """The landmark network, of which only the map ``START`` is used."""
    return LandmarkModel(tap(find_models(models_dir).landmarker, (START,)), 1, ["start"])
