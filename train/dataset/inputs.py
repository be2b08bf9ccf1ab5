"""Inputs of the network for the rows of a landmarks folder, and their standardization."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.core.quantize import MeanStd, standardize
from edge.core.types import Face, Input
from edge.head.inputs import INPUTS, LANDMARKS, deployed
from train.dataset.landmarks_folder import Faces

MIN_STD = 1e-3
"""Lower limit of the standard deviation of a feature: the eye anchors do not move at all."""

Inputs = dict[str, NDArray[Any]]
"""An array (N, …) for each input of the network, in its order, by the names of ``edge.head.inputs``."""


def read_inputs(faces: Faces, names: Sequence[str]) -> Inputs:
    """Inputs of all rows as the device computes them; zeros where no face was found. Feature maps are those
    of ``faces``, not copied."""
    return {
        name: faces.maps[name] if INPUTS[name].is_map else _computed(INPUTS[name], faces) for name in names
    }


def _computed(each: Input, faces: Faces) -> NDArray[Any]:
    found = np.flatnonzero(faces.found)
    rows = (each.make(Face(faces.landmarks[index], 1.0, None, 0)) for index in found)
    first = next(rows, np.zeros(each.shape, each.dtype))  # fewer numbers where the data set has 68 points
    result = np.zeros((len(faces.found), *first.shape), each.dtype)
    for index, values in zip(found, itertools.chain([first], rows), strict=False):
        result[index] = values
    return result


def take(inputs: Inputs, index: NDArray[np.int64]) -> Inputs:
    """The rows ``index`` of each input, copied."""
    return {name: values[index] for name, values in inputs.items()}


@dataclass(frozen=True, slots=True)
class Standardization:
    """Subtraction of the mean, division by the standard deviation, and the limit ± ``clip``, for each
    input."""

    by: dict[str, MeanStd]
    """Mean and standard deviation of each input: of the input's shape where ``Input.standardized``, else
    (1,)."""
    clip: float

    def __call__(self, inputs: Inputs) -> Inputs:
        """(N, …) each → float32 (N, …) each."""
        return {name: standardize(values, self.by[name], self.clip) for name, values in inputs.items()}

    def deployed(self, inputs: Inputs) -> Inputs:
        """(N, …) each → inputs of the network that ``train.network.model.deployed_model`` gives."""
        return deployed(inputs, self.by, self.clip)


def standardization(inputs: Inputs, clip: float) -> Standardization:
    """The standardization by the mean and standard deviation of the training rows ``inputs``.

    Each coordinate of the landmarks has a mean and a standard deviation of its own. A feature map has one
    of each: its values are on one scale already, and a convolution comes next. Both are rounded to four
    digits, for more would only make the bundle larger.
    """
    return Standardization({name: _mean_std(name, values) for name, values in inputs.items()}, clip)


def _mean_std(name: str, values: NDArray[Any]) -> MeanStd:
    if INPUTS[name].normalized:
        return MeanStd(np.zeros(1, np.float32), np.ones(1, np.float32))
    if INPUTS[name].standardized:
        mean, std = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
    else:
        # Row by row: in float64 a whole map would take four times its memory.
        rows = (row.astype(np.float64) for row in values)
        mean, square = np.mean([[[row.mean()], [np.square(row).mean()]] for row in rows], axis=0)
        std = np.sqrt(np.maximum(square - mean**2, 0.0))
    return MeanStd(_rounded(mean), _rounded(np.maximum(std, MIN_STD)))


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.array([float(f"{value:.4g}") for value in values.flat], np.float32).reshape(values.shape)


def with_feature_noise(inputs: Inputs, sigma: float, rng: np.random.Generator) -> Inputs:
    """The inputs with Gaussian noise on the landmarks. Feature maps stay as they are: their variation comes
    from the augmented views.

    Args:
        inputs: float32 (B, …) each, standardized.
        sigma: standard deviation of the noise.
        rng: source of the noise.
    """
    if not sigma or LANDMARKS.name not in inputs:
        return inputs
    landmarks = inputs[LANDMARKS.name]
    noise = np.float32(sigma) * rng.standard_normal(landmarks.shape, np.float32)
    return {**inputs, LANDMARKS.name: landmarks + noise}
