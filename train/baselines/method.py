"""The interface of a method, and the samples that it is given."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

    from train.dataset.inputs import Standardization

LANDMARKS, MESH, SEQUENCES, PICTURES = "landmarks", "mesh", "sequences", "pictures"
CROPS, TEXTURE = "crops", "texture"
"""What a method may need of the data: faces that were found, with any number of points or with 468;
sequences that begin with a neutral face; the pictures themselves; the faces cut out of them, by us or as the
device does."""

CLIP = 5.0
"""Limit of standardized inputs of networks, in standard deviations, as in ``train.settings``."""


@dataclass(frozen=True, slots=True)
class Samples:
    """N labelled samples; what a method does not need is None."""

    number: NDArray[np.int64]
    """int64 (N,), index of the class."""
    landmarks: NDArray[np.float32] | None = None
    """float32 (N, P, D), px: (468, 3) or (68, 2)."""
    neutral: NDArray[np.float32] | None = None
    """float32 (N, P, D), px: landmarks of the neutral first face of the same sequence."""
    pictures: NDArray[np.uint8] | None = None
    """uint8 (N, 48, 48), grey."""
    crops: NDArray[np.uint8] | None = None
    """uint8 (N, 64, 64), grey: ``train.baselines.crops``."""
    texture: NDArray[np.float16] | None = None
    """float16 (N, 48, 48, 1): ``edge.landmarks.texture``."""

    def __len__(self) -> int:
        return len(self.number)

    def take(self, index: Any) -> "Samples":
        """The samples ``index``."""
        arrays: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        taken: dict[str, Any] = {name: None if a is None else a[index] for name, a in arrays.items()}
        return Samples(**taken)


class Method(Protocol):
    """One experiment of a method: a classifier with all its settings."""

    def __init__(self, settings: Mapping[str, Any], classes: int) -> None:
        """
        Args:
            settings: table of the experiment in ``settings.toml``.
            classes: number of classes C.
        """

    @property
    def needs(self) -> frozenset[str]:
        """What it needs of the data."""

    def fit(self, training: Samples, validation: Samples) -> dict[str, Any]:
        """Train, and choose by the validation samples; gives details of the training for the row."""

    def predict_proba(self, samples: Samples) -> NDArray[np.floating[Any]]:
        """Probabilities (N, C); classes without a training sample get 0."""

    def size(self) -> int:
        """Size of the trained model, bytes."""

    @property
    def exports(self) -> bool:
        """Whether a device computes what the method takes, and TFLite what it does: see ``Exported``."""


class Exported(Method, Protocol):
    """A method that exports."""

    def deployed(self, training: Samples) -> "tuple[Standardization, keras.Model]":
        """The standardization of the inputs of ``edge.head.inputs`` that it takes, and the network behind it:
        (N, …) → logits (N, C).

        Args:
            training: the samples of ``fit``.
        """
