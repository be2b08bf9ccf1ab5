"""The inputs that an expression network may take of a face: one entry for each, by its name.

A new input is an entry here, the code that computes it (from the landmarks, or in the landmark backend), and
a part of the network that takes it (``train.network.model``). Bundles, synthetic faces, training and
conversion go by these entries.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundles import golden
from edge.bundles.format import Bundle
from edge.core import features
from edge.core.errors import BackendError, BundleError
from edge.core.quantize import MeanStd, clip_outliers, standardize
from edge.core.types import Face, Input, InputTensor


def _map(
    name: str,
    shape: tuple[int, int, int],
    synthetic_values: NDArray[np.float32],
    patch: int = 1,
    normalized: bool = False,
) -> Input:
    """A map of the landmark backend, (height, width, channels), unchanged."""

    def make(face: Face) -> NDArray[Any]:
        try:
            return face.maps[name]
        except KeyError:  # a backend that the caller has written
            raise BackendError(
                f"the landmark backend gives no {name}, which the bundle takes: use the bundle landmarks"
            ) from None

    return Input(
        name,
        1,
        shape,
        np.dtype(np.float32),
        make,
        synthetic_values,
        is_map=True,
        synthetic_patch=patch,
        normalized=normalized,
    )


LANDMARKS = Input(
    "landmarks",
    1,
    (3 * features.MESH_POINTS,),
    np.dtype(np.float32),
    lambda face: features.extract(face.landmarks),
    golden.NOISE,
    standardized=True,
)

INPUTS = {
    each.name: each
    for each in (
        LANDMARKS,
        _map("coarse_map", (3, 3, 128), golden.activations(peak=4)),  # −1.3…17.7 in faces
        _map("fine_map", (12, 12, 128), golden.activations(peak=1)),  # −1.9…4.9 in faces
        _map("texture", (48, 48, 1), golden.NOISE, patch=4, normalized=True),  # edge.landmarks.texture
    )
}
"""All inputs of this program by their names."""


def maps_of(names: Iterable[str]) -> tuple[str, ...]:
    """The names of those inputs that the landmark backend must give in ``Face.maps``."""
    return tuple(name for name in names if INPUTS[name].is_map)


def deployed(
    inputs: Mapping[str, NDArray[Any]], by: Mapping[str, MeanStd], clip: float
) -> dict[str, NDArray[Any]]:
    """Prepare inputs of N faces for the network as it is deployed, (N, …) → (N, …) each.

    Args:
        inputs: their numbers as they are computed.
        by: statistics of the training faces: of each number where the input is standardized before the
            network, else one for all numbers, which the network has in its weights.
        clip: in standard deviations, see ``standardize`` and ``clip_outliers``.
    """
    return {
        name: (standardize if INPUTS[name].standardized else clip_outliers)(values, by[name], clip)
        for name, values in inputs.items()
    }


def inputs_of(bundle: Bundle) -> tuple[Input, ...]:
    """The inputs that the network of a bundle takes, in its order.

    Raises:
        BundleError: this program does not have one of them, or not in that version, shape or type.
    """
    return tuple(_matching(bundle, tensor) for tensor in bundle.inputs)


def _matching(bundle: Bundle, tensor: InputTensor) -> Input:
    """The program's input for a tensor of the bundle; errors as in ``inputs_of``."""
    available = INPUTS.get(tensor.name)
    if available is None or available.version != tensor.version:
        have = ", ".join(f"{each.name} {each.version}" for each in INPUTS.values())
        raise BundleError(
            f"bundle {bundle.path}: its network takes the input {tensor.name}, version {tensor.version}, "
            f"this program gives {have}: install a matching version, or train and convert the model again"
        )
    # A network may take it flattened.
    shapes = (available.shape, (math.prod(available.shape),))
    if tensor.shape not in shapes or tensor.dtype != available.dtype:
        raise BundleError(
            f"bundle {bundle.path}: its network takes {tensor.name} as {_described(tensor)}, expected "
            f"{_described(available)}: convert it again"
        )
    if (tensor.standardization is not None) != available.standardized:
        wrong = "lacks" if available.standardized else "must not have"
        raise BundleError(f"bundle {bundle.path}: its input {tensor.name} {wrong} a 'standardization'")
    return available


def _described(each: Input | InputTensor) -> str:
    return f"{each.dtype} {list(each.shape)}"
