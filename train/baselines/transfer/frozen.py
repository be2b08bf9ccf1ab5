"""Features of networks that do not learn."""

import functools
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge.cli.console import quiet_import
from edge.core.errors import DataError
from train.baselines.neural import Array, TfliteNetwork

if TYPE_CHECKING:
    import keras

FACEAPI = "faceapi"
"""Name of face-api's recognition network."""


class FrozenNetwork:
    """A network with its features of all pictures that it has seen, which several experiments share."""

    def __init__(self, model: "keras.Model") -> None:
        """
        Args:
            model: grey pictures float32 (N, S, S, 1), 0–255 → features (N, F).
        """
        self._model = model
        self._on_device = TfliteNetwork(model)
        self._known: dict[bytes, Array] = {}

    def features(self, grey: NDArray[np.uint8]) -> Array:
        """Features float32 (N, F) of pictures uint8 (N, S, S).

        A single picture is computed on the TFLite runtime, as a device would, each time anew; of several,
        Keras computes in batches those that it has not seen.
        """
        if len(grey) == 1:
            return self._on_device(grey[..., None].astype(np.float32))
        keys = [blake2b(each.tobytes(), digest_size=16).digest() for each in grey]
        unknown = {key: row for row, key in enumerate(keys) if key not in self._known}
        if unknown:
            x = grey[list(unknown.values()), ..., None].astype(np.float32)
            self._known |= zip(unknown, self._model.predict(x, batch_size=64, verbose=0), strict=True)
        return np.stack([self._known[key] for key in keys])

    def size(self) -> int:
        """Size of the float32 TFLite network, bytes."""
        return self._on_device.size()


@functools.cache
def frozen_network(name: str, taken: int, side: int, folder: Path | None) -> FrozenNetwork:
    """A network that computes features, made once.

    Args:
        name: ``faceapi``, or a key of ``imagenet.APPLICATIONS``.
        taken: side of the grey pictures, px.
        side: side to which networks of ImageNet get them enlarged, px.
        folder: folder of the weights.

    Raises:
        DataError: no weights are to be had.
    """
    with quiet_import():
        import keras
        from keras import layers

        from train.baselines.transfer.imagenet import imagenet_network
        from train.baselines.transfer.recognition import recognition_network
    if name == FACEAPI:
        if folder is None:
            raise DataError(
                "no weights of face-api: name the folder of the package @vladmandic/face-api 1.7.15 "
                "by --weights (npm pack @vladmandic/face-api@1.7.15)"
            )
        network = recognition_network(folder)
    else:
        network = imagenet_network(name, side, folder)
    entry, values = enlarged((taken, taken, 1), network.input_shape[1])
    values = network(values)
    if len(values.shape) == 4:
        values = layers.GlobalAveragePooling2D()(values)
    return FrozenNetwork(keras.Model(entry, values))


def enlarged(shape: tuple[int, ...], side: int) -> "tuple[keras.KerasTensor, keras.KerasTensor]":
    """Input of grey pictures (N, *shape), and the pictures enlarged to (N, side, side, 3), bilinear."""
    from keras import layers

    entry = layers.Input(shape)
    grey = layers.Resizing(side, side)(entry)
    return entry, layers.Concatenate()([grey] * 3)
