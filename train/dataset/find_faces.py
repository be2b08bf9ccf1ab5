"""Pictures → faces, unaugmented and augmented, as the worker processes of ``extract`` find them."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.core import features
from edge.core.errors import ConfigError
from edge.core.types import Face, Frame
from edge.head.inputs import INPUTS, maps_of
from edge.landmarks.litert import LitertBackend, next_roi
from edge.landmarks.models import find_models
from evaluation import Preparation, prepare
from train.dataset import augmentation
from train.dataset.landmarks_folder import Faces

MAPS = maps_of(INPUTS)
"""Names of the feature maps that a landmarks folder holds of each face."""


@dataclass(frozen=True, slots=True)
class ExtractionSetup:
    """Settings of the extraction, the same for all pictures."""

    preparation: Preparation
    views: int
    """Number of augmented views of each training picture."""
    models_dir: Path | None = None
    """Folder of the face models; None: where setup put them."""

    def __post_init__(self) -> None:
        if self.views < 0:
            raise ConfigError(f"views must be 0 or more, not {self.views}")


def find_faces(
    setup: ExtractionSetup, first: int, pictures: list[Any], augmented: list[bool]
) -> tuple[np.ndarray, list[Faces]]:
    """The faces of some pictures.

    Args:
        setup: preparation, views and face models.
        first: number of the first picture in the data; seed of the augmentation.
        pictures: uint8 (H, W) or (H, W, 3) each.
        augmented: which of them get augmented views.

    Returns:
        presence float32 (N,), and the faces: unaugmented, then each view.
    """
    backend = backend_of_thread(setup.models_dir)
    presence = np.zeros(len(pictures), np.float32)
    views = [no_faces(len(pictures)) for _ in range(setup.views + 1)]
    for index, picture in enumerate(pictures):
        rgb = prepare(picture, setup.preparation.scale, setup.preparation.padding)
        faces = backend.find(Frame(rgb, captured_ns=0, index=index, origin="", still=True))
        if not faces:
            continue
        presence[index] = faces[0].presence
        put_face(views[0], index, faces[0])
        for view in range(1, setup.views + 1) if augmented[index] else ():
            rng = np.random.default_rng([first + index, view])
            assert faces[0].roi is not None
            # Half of the time in the region that tracking would give, as for most frames of a camera.
            start = next_roi(faces[0].landmarks) if rng.random() < 0.5 else faces[0].roi
            augmented_rgb, roi = augmentation.augment(rgb, start, rng)
            found = backend.detect_in(Frame(augmented_rgb, 0, index, "", still=True), roi)
            if found:
                put_face(views[view], index, found[0])
    return presence, views


_of_thread = threading.local()
"""An interpreter must not be shared: the workers of Dask have several threads."""


def backend_of_thread(models_dir: Path | None) -> LitertBackend:
    """The face models with the feature maps of a landmarks folder, loaded once in each thread."""
    if getattr(_of_thread, "models_dir", "") != models_dir:
        _of_thread.backend = LitertBackend(find_models(models_dir, MAPS))
        _of_thread.models_dir = models_dir
    backend: LitertBackend = _of_thread.backend
    return backend


def no_faces(count: int) -> Faces:
    """``count`` pictures in which no face has been found yet."""
    return Faces(
        np.zeros((count, features.MESH_POINTS, 3), np.float32),
        np.zeros(count, bool),
        {name: np.zeros((count, *INPUTS[name].shape), _stored(INPUTS[name].dtype)) for name in MAPS},
    )


def _stored(dtype: np.dtype) -> np.dtype:
    return np.dtype(np.float16) if dtype == np.float32 else dtype


def put_face(faces: Faces, index: int, face: Face) -> None:
    """Note the face that was found in the picture ``index``."""
    faces.landmarks[index] = face.landmarks
    faces.found[index] = True
    for name, values in face.maps.items():
        faces.maps[name][index] = values
