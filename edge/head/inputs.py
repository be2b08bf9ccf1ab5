"""What an expression network may take of a face: one entry for each input, by its name.

A new input is an entry here, what makes it (from the landmarks, or in the landmark backend while it looks at
the face), and a part of the network that takes it (``train.network.model``). Bundles, made-up faces, training and
conversion go by these entries.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundles import golden
from edge.bundles.format import Bundle
from edge.core import features
from edge.core.errors import BackendError, BundleError
from edge.core.quantize import MeanStd, cut_off, standardize
from edge.core.types import Face, Input, InputTensor


def _aligned_landmarks(face: Face) -> NDArray[np.float32]:
    return features.extract(face.landmarks)


def _map(
    name: str,
    shape: tuple[int, int, int],
    made_up: NDArray[np.float32],
    patch: int = 1,
    normalized: bool = False,
) -> Input:
    """What the landmark backend gives (height, width, channels), as it is."""

    def make(face: Face) -> NDArray[Any]:
        try:
            return face.maps[name]
        except KeyError:  # a backend of the caller's
            raise BackendError(
                f"the landmark backend gives no {name}, which the bundle takes: use the bundle landmarks"
            ) from None

    return Input(
        name,
        1,
        shape,
        np.dtype(np.float32),
        make,
        made_up,
        is_map=True,
        made_up_patch=patch,
        normalized=normalized,
    )


def _feature_map(name: str, shape: tuple[int, int, int], peak: float) -> Input:
    """One of the landmark network's own."""
    return _map(name, shape, golden.activations(peak))


LANDMARKS = Input(
    "landmarks",
    1,
    (3 * features.MESH_POINTS,),
    np.dtype(np.float32),
    _aligned_landmarks,
    golden.NOISE,
    standardized=True,
)

INPUTS = {
    each.name: each
    for each in (
        LANDMARKS,
        _feature_map("coarse_map", (3, 3, 128), peak=4),  # those of faces are −1.3…17.7
        _feature_map("fine_map", (12, 12, 128), peak=1),  # −1.9…4.9
        _map("texture", (48, 48, 1), golden.NOISE, patch=4, normalized=True),  # edge.landmarks.texture
    )
}
"""All that this program can give to a network."""


def maps_of(names: Iterable[str]) -> tuple[str, ...]:
    """Those of these inputs that the landmark backend must give, in ``Face.maps``."""
    return tuple(name for name in names if INPUTS[name].is_map)


def deployed(name: str, values: NDArray[Any], by: MeanStd, clip: float) -> NDArray[Any]:
    """What the network that leaves the training takes of one input of N faces, (N, …) → (N, …).

    Args:
        by: of the training faces: for each number where it is standardized before the network, else one for
            all of them, which the network has in its weights.
        clip: cut off at ± so many standard deviations.
    """
    return (standardize if INPUTS[name].standardized else cut_off)(values, by, clip)


def inputs_of(bundle: Bundle) -> tuple[Input, ...]:
    """What the network of a bundle takes, in its order.

    Raises:
        BundleError: it wants an input that this program does not give, or not so.
    """
    return tuple(_matching(bundle, tensor) for tensor in bundle.inputs)


def _matching(bundle: Bundle, tensor: InputTensor) -> Input:
    known = INPUTS.get(tensor.name)
    if known is None or known.version != tensor.version:
        have = ", ".join(f"{each.name} {each.version}" for each in INPUTS.values())
        raise BundleError(
            f"bundle {bundle.path}: its network takes the input {tensor.name}, version {tensor.version}, "
            f"this program gives {have}: install a matching version, or train and convert the model again"
        )
    # A network may take it laid flat.
    if tensor.shape not in (known.shape, (math.prod(known.shape),)) or tensor.dtype != known.dtype:
        raise BundleError(
            f"bundle {bundle.path}: its network takes {tensor.name} as {_described(tensor)}, expected "
            f"{_described(known)}: convert it again"
        )
    if (tensor.standardization is not None) != known.standardized:
        wrong = "lacks" if known.standardized else "must not have"
        raise BundleError(f"bundle {bundle.path}: its input {tensor.name} {wrong} a 'standardization'")
    return known


def _described(each: Input | InputTensor) -> str:
    return f"{each.dtype} {list(each.shape)}"
